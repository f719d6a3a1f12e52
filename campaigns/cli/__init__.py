"""Commands about campaigns, by subject."""

from campaigns.cli.events import events_group
from campaigns.cli.figures import export
from campaigns.cli.outbox import outbox

COMMANDS = (export, events_group, outbox)
