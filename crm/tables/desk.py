"""What staff leave on records and for themselves: notes, tasks, views of lists, and what they are to hear."""

from piccolo.columns import JSONB, UUID, BigSerial, Bytea, ForeignKey, OnDelete, Serial, Timestamptz, Varchar
from piccolo.table import Table

from crm.tables.parties import Brand
from crm.tables.staff import Staff


class StaffNote(Table, tablename="staff_note"):
    """A remark on a lead or person, sealed; `brand` is its writer's, null for the alliance: other brands do not see it."""

    id = UUID(primary_key=True, default=None)
    subject_kind = Varchar(length=20, default=None)
    subject = UUID(default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    text = Bytea(default=None)
    author = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    at = Timestamptz(default=None)
    retracted_at = Timestamptz(default=None, null=True)


class StaffTask(Table, tablename="staff_task"):
    """Something to be done about a lead or person by a moment; `text` is sealed, `brand` as in a note."""

    id = UUID(primary_key=True, default=None)
    subject_kind = Varchar(length=20, default=None)
    subject = UUID(default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    text = Bytea(default=None)
    assignee = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    author = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    at = Timestamptz(default=None)
    due_at = Timestamptz(default=None, null=True)
    done_at = Timestamptz(default=None, null=True)
    done_by = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)


class SavedView(Table, tablename="saved_view"):
    """A named query string of a list; `shared` is private, team (everybody of the same brand) or pinned (theirs, in the tabs)."""

    id: Serial
    staff = ForeignKey(Staff, on_delete=OnDelete.cascade, null=False)
    page = Varchar(length=20, default=None)
    name = Varchar(length=80, default=None)
    query = Varchar(length=2000, default=None)
    shared = Varchar(length=10, default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    created_at = Timestamptz(default=None)
    removed_at = Timestamptz(default=None, null=True)


class Notification(Table, tablename="notification"):
    """Something one of us is to hear: a job that ended, a task, an offer that came back. Details carry no personal data."""

    id = BigSerial(primary_key=True)
    staff = ForeignKey(Staff, on_delete=OnDelete.cascade, null=False)
    kind = Varchar(length=30, default=None)
    href = Varchar(length=200, default=None)
    details = JSONB(default="{}")
    at = Timestamptz(default=None)
    read_at = Timestamptz(default=None, null=True)
