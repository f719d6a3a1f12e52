"""The legal world: parties, what they arranged with each other, makers, brands, models and places."""

from typing import Any

from piccolo.columns import Boolean, Date, DoublePrecision, ForeignKey, Integer, OnDelete, Serial, Varchar
from piccolo.table import Table


class Party(Table, tablename="party"):
    """A legal entity; `kind` is operator, maker, dealer or processor."""

    id: Serial
    code = Varchar(length=40, unique=True, default=None)
    kind = Varchar(length=20, default=None)
    legal_name = Varchar(length=200, default=None)


class Arrangement(Table, tablename="arrangement"):
    """What two parties agreed about personal data; `role` is joint, provides or entrusts. `valid_until_on` is exclusive."""

    id: Serial
    first = ForeignKey(Party, on_delete=OnDelete.restrict, null=False)
    second = ForeignKey(Party, on_delete=OnDelete.restrict, null=False)
    role = Varchar(length=20, default=None)
    purpose = Varchar(length=200, default=None)
    valid_from_on = Date(default=None)
    valid_until_on = Date(default=None, null=True)
    document_hash = Varchar(length=64, default=None, null=True)


class Maker(Table, tablename="maker"):
    """The company that makes a brand's cars and answers for its personal data."""

    id: Serial
    code = Varchar(length=40, unique=True, default=None)
    party = ForeignKey(Party, on_delete=OnDelete.restrict, null=False, unique=True)
    name_zh = Varchar(length=80, default=None)
    name_en = Varchar(length=80, default=None)


class Brand(Table, tablename="brand"):
    """A marque; `rank` is the fixed order in which brands are listed and ties between them are broken."""

    id: Serial
    code = Varchar(length=20, unique=True, default=None)
    maker = ForeignKey(Maker, on_delete=OnDelete.restrict, null=False)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)
    rank = Integer(unique=True, default=None)


class Model(Table, tablename="model"):
    """A car of a brand; `code` is unique among all brands, so a lead may name the model alone."""

    id: Serial
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    code = Varchar(length=20, unique=True, default=None)


class Region(Table, tablename="region"):
    """A division by its GB/T 2260 code; `level` is province, city or district, the point is its seat (`exact`) or an estimate."""

    code = Varchar(length=6, primary_key=True, default=None)
    level = Varchar(length=10, default=None)
    name_zh = Varchar(length=60, default=None)
    parent: ForeignKey[Any] = ForeignKey("self", on_delete=OnDelete.restrict, null=True, default=None)
    pinyin = Varchar(length=120, default=None)
    longitude = DoublePrecision(default=None, null=True)
    latitude = DoublePrecision(default=None, null=True)
    exact = Boolean(default=None)
