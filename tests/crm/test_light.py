"""Rows made at once are the rows that Piccolo makes of the same words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from piccolo.columns import Timestamptz, Varchar
from piccolo.columns.column_types import UUID, Boolean, Integer
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from app import main  # noqa: F401  # every table of the house
from crm.tables import Consent
from crm.tables.light import Light


class Plain(Table):
    """A table with every kind of default."""

    id = UUID(primary_key=True, default=UUID4())
    name = Varchar(length=10, default=None)
    note = Varchar(length=10, default=None, null=True)
    kind = Varchar(length=10, default="buy")
    seats = Integer(default=3)
    sure = Boolean(default=False)
    at = Timestamptz(default=datetime(2026, 1, 1, tzinfo=UTC))


class Quick(Light, Plain, tablename="quick"):
    """The same, made at once."""

    id = UUID(primary_key=True, default=UUID4())


LIGHT: list[Any] = [table for table in Light.__subclasses__() if table.__module__ != __name__]


def without_id(row: Table) -> dict[str, object]:
    """What a row holds, without what is another for each."""
    return {name: value for name, value in vars(row).items() if name != "id"}


def test_a_light_row_holds_what_piccolo_puts_into_it():
    assert without_id(Quick(name="Li", sure=True)) == without_id(Plain(name="Li", sure=True))


def test_a_default_that_is_made_is_made_for_each_row():
    assert Quick(name="Li").id != Quick(name="Li").id


def test_a_row_without_what_it_needs_is_refused():
    with pytest.raises(ValueError, match="name wasn't provided"):
        Quick(note="x")


def test_a_row_with_a_column_that_is_none_is_refused():
    with pytest.raises(ValueError, match="Unrecognized"):
        Quick(name="Li", nmae="Li")


def test_a_row_by_columns_is_left_to_piccolo():
    assert Quick({Quick.name: "Li"}).name == "Li"


@pytest.mark.parametrize("table", LIGHT, ids=lambda table: table.__name__)
def test_every_light_table_of_the_house_makes_the_row_that_piccolo_makes(table):
    needed: dict[str, Any] = {column._meta.name: "x" for column in table._meta.columns if not column._meta.null}
    heavy = object.__new__(table)
    Table.__init__(heavy, **needed)
    assert vars(table(**needed)) == vars(heavy)


def test_consents_are_light():
    assert Consent in LIGHT
