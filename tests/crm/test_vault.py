"""What is sealed stays shut to others, and what is looked for is found."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import vault
from crm.errors import NotReady
from crm.settings import read

PLACE = "observation|phone|0193c0de-0000-7000-8000-000000000000"
PERSON = UUID("0193c0de-1111-7000-8000-000000000000")


@pytest.fixture
def told(monkeypatch):
    """Let the house read another environment for one test."""

    def tell(**environment):
        monkeypatch.setattr(vault, "settings", lambda: read(environment))
        vault.forget_keys()

    yield tell
    monkeypatch.undo()
    vault.forget_keys()


@given(st.text())
def test_what_was_sealed_opens_again_at_its_place(text):
    assert vault.open_(vault.seal(text, place=PLACE), place=PLACE) == text


def test_a_sealed_value_opens_nowhere_else():
    sealed = vault.seal("13800138000", place=PLACE)

    with pytest.raises(vault.CannotOpen) as broken:
        vault.open_(sealed, place=PLACE.replace("phone", "email"))

    assert "138" not in str(broken.value)


@pytest.mark.parametrize("at", [0, 1, 2, 14, -1])
def test_a_changed_byte_is_noticed_wherever_it_is(at):
    sealed = bytearray(vault.seal("13800138000", place=PLACE))
    sealed[at] ^= 1

    with pytest.raises(vault.CannotOpen):
        vault.open_(bytes(sealed), place=PLACE)


def test_the_same_text_never_looks_the_same_sealed():
    assert vault.seal("13800138000", place=PLACE) != vault.seal("13800138000", place=PLACE)


def test_the_blind_index_is_the_published_vector():
    listed = "cb5ef8aa0167c6f09e07f447be3b9de22bf5f36022701b9c8340889e95a79b90"
    assert vault.blind_index(bytes(32), "+8613800138000").hex() == listed


def test_match_keys_differ_by_kind_and_namespace_and_by_nothing_else():
    spellings = [("phone", "x", ""), ("email", "x", ""), ("phone", "x", "a"), ("phone", "ax", ""), ("phonea", "x", "")]

    keys = {vault.match_key(kind, value, namespace=namespace) for kind, value, namespace in spellings}

    assert len(keys) == len(spellings)
    assert vault.match_key("phone", "x") == vault.match_key("phone", "x")


def test_a_person_has_one_name_per_principal_and_each_reads_only_its_own():
    reference = vault.outside_reference("dealer:1", PERSON)

    assert vault.outside_reference("dealer:1", PERSON) == reference
    assert vault.inside_reference("dealer:1", reference) == PERSON
    assert vault.inside_reference("dealer:2", reference) is None


@given(st.text())
def test_a_made_up_reference_names_nobody(reference):
    assert vault.inside_reference("dealer:1", reference) is None


def test_a_reference_has_one_spelling():
    reference = vault.outside_reference("dealer:1", PERSON)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    neighbours = {reference[:-1] + letter for letter in last} - {reference}

    assert all(vault.inside_reference("dealer:1", other) is None for other in neighbours)


def test_an_old_key_still_opens_after_a_new_one_took_over(told):
    old, new = json.loads(vault.new_keys()), json.loads(vault.new_keys())
    told(MARQUEE_KEYS=json.dumps(old))
    sealed = vault.seal("13800138000", place=PLACE)

    told(MARQUEE_KEYS=json.dumps({**old, "current": 2, "sealing": {**old["sealing"], "2": new["sealing"]["1"]}}))

    assert vault.open_(sealed, place=PLACE) == "13800138000"
    assert vault.seal("13800138000", place=PLACE)[1] == 2


def test_two_first_starts_agree_on_one_key_file_that_only_its_owner_reads(told, tmp_path):
    told(MARQUEE_DATA=str(tmp_path))
    vault.make_keys()
    first = (tmp_path / "keys.json").read_text()

    vault.make_keys()

    assert (tmp_path / "keys.json").read_text() == first
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "postgresql://somewhere/marquee"},
        {"MARQUEE_KEYS": "/nowhere/keys.json"},
        {"MARQUEE_KEYS": "{}"},
        {"MARQUEE_KEYS": '{"current": 1, "sealing": {"1": "c2hvcnQ="}, "match": "", "reference": ""}'},
    ],
)
def test_without_usable_keys_the_house_says_so_and_makes_none(told, environment, tmp_path):
    told(MARQUEE_DATA=str(tmp_path), **environment)

    with pytest.raises(NotReady, match=r"key"):
        vault.ready()

    assert not list(tmp_path.iterdir())
