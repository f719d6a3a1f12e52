"""A file of leads, stores or guests brought in: by the command line at once, by staff in five steps with a dry run, progress, cancel and undo.

Promises rows = created + repeat + error, batches that are whole or not there, and that the same file a second time creates nothing; an import
that was cut off is finished by running it again. Refuses to tell what stood in a cell: reasons and reports name columns.
"""

from leads.imports import showing
from leads.imports.command import import_file, import_guests, run, undo
from leads.imports.reports import ImportReport, write_errors
from leads.imports.rows import DIFFERS

__all__ = ["DIFFERS", "ImportReport", "import_file", "import_guests", "run", "showing", "undo", "write_errors"]
