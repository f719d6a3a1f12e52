"""One guest, several brands: which of their wishes became interests, and which still wait for their turn."""

from piccolo.columns import UUID, Boolean, ForeignKey, OnDelete, SmallInt, Timestamptz, Varchar
from piccolo.table import Table

from campaigns.tables import Registration
from crm.tables import Brand, Model
from leads.tables.capture import Interest, Lead


class FanOut(Table, tablename="fan_out"):
    """How a registration's lead goes to brands: at most `width` at once, the next one when one is lost if it `goes_on`.

    A trigger makes it due when one of its interests is lost or ordered. Closed by an order: then no brand asks any more.
    """

    lead = ForeignKey(Lead, on_delete=OnDelete.cascade, null=False, primary_key=True, default=None)
    registration = ForeignKey(Registration, on_delete=OnDelete.restrict, null=False)
    width = SmallInt(default=None)
    goes_on = Boolean(default=None)
    due_at = Timestamptz(default=None, null=True)
    attempts = SmallInt(default=0)
    closed_at = Timestamptz(default=None, null=True)


class FanOutWish(Table, tablename="fan_out_wish"):
    """A wish of the guest in their order; without an interest its turn has not come."""

    id = UUID(primary_key=True, default=None)
    lead = ForeignKey(Lead, on_delete=OnDelete.cascade, null=False)
    rank = SmallInt(default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    model = ForeignKey(Model, on_delete=OnDelete.restrict, null=True, default=None)
    kind = Varchar(length=20, default=None)
    interest = ForeignKey(Interest, on_delete=OnDelete.set_null, null=True, default=None)
