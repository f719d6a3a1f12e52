"""Typed details in one canonical form: the house's vectors, the spreadsheets' accidents, and the classes of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import normalise


@pytest.mark.parametrize(
    "typed",
    [
        "０１３８ ００１３ ８０００",
        "+86 138 0013 8000",
        "86-13800138000",
        "008613800138000",
        "17951 13800138000",
        "(138) 0013.8000",
        "'13800138000",
        "13800138000.0",
        "1.3800138000E+10",
        "\u200b138\u00a00013\u00a08000",
    ],
)
def test_every_way_to_type_a_mobile_gives_one_number(typed):
    assert normalise.phone(typed) == normalise.Phone("mobile", "+8613800138000", "138****8000", "8000")


@pytest.mark.parametrize("typed", ["12345", "1380013800", "N/A", "", "000000000000", "138****", "62345678", "10086"])
def test_what_cannot_be_called_is_no_phone(typed):
    with pytest.raises(normalise.NotAPhone):
        normalise.phone(typed)


@pytest.mark.parametrize("typed", ["1.38E+10", "1.3800138E+10"])
def test_a_number_that_a_spreadsheet_rounded_is_refused_with_the_way_out(typed):
    with pytest.raises(normalise.NotAPhone, match="format the column as text"):
        normalise.phone(typed)


def test_a_privacy_number_is_not_the_persons_own():
    with pytest.raises(normalise.NotAPhone, match="privacy number"):
        normalise.phone("17012345678转1234")


@pytest.mark.parametrize("typed", ["138****8000", "138xxxx8000", "1380***8000", "+86 138****8000"])
def test_a_masked_mobile_keeps_what_it_shows(typed):
    assert normalise.phone(typed) == normalise.Phone("masked", None, "138****8000", "8000")


@pytest.mark.parametrize(
    ("typed", "kind", "e164"),
    [
        ("021-62345678", "landline", "+862162345678"),
        ("(021) 6234 5678-801", "landline", "+862162345678"),
        ("+852 9123 4567", "mobile", "+85291234567"),
        ("0044 7911 123456", "mobile", "+447911123456"),
    ],
)
def test_landlines_and_foreign_numbers_are_welcome(typed, kind, e164):
    read = normalise.phone(typed)

    assert (read.kind, read.e164, read.masked) == (kind, e164, None)


@given(st.text(max_size=40))
def test_whatever_is_typed_the_reason_does_not_repeat_it(typed):
    reasons = [_reason(read, typed) for read in (normalise.phone, normalise.email, normalise.vin, normalise.wechat)]

    assert all(reason is None or reason.endswith(".") for reason in reasons)
    assert len(typed) < 4 or not any(typed in reason for reason in reasons if reason)


@given(st.text(max_size=40))
def test_whatever_is_typed_a_name_has_a_class(typed):
    assert normalise.name(typed).kind in {"full", "latin", "salutation", "nickname", "placeholder", "none"}


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_canonical_number_reads_as_itself(digits):
    once = normalise.phone(digits)

    assert normalise.phone(str(once.e164)) == once
    assert normalise.phone(str(once.masked)).masked == once.masked


def test_an_email_is_mended_and_its_typed_form_kept():
    read = normalise.email(" Foo@GMIAL.com ")

    assert (read.canonical, read.typed_clean) == ("foo@gmail.com", "Foo@GMIAL.com")


@pytest.mark.parametrize(
    ("typed", "address", "canonical"),
    [
        ("Li.Wei+car@googlemail.com", "li.wei+car@googlemail.com", "liwei@gmail.com"),
        ("li.wei+car@qq.con", "li.wei+car@qq.com", "li.wei+car@qq.com"),
        ("１２３４５＠ＱＱ．ＣＯＭ", "12345@qq.com", "12345@qq.com"),
        ("someone @163。com", "someone@163.com", "someone@163.com"),
        ("someone@qqq.example.cn", "someone@qqq.example.cn", "someone@qqq.example.cn"),
    ],
)
def test_only_gmail_ignores_dots_and_only_known_typos_are_mended(typed, address, canonical):
    read = normalise.email(typed)

    assert (read.address, read.canonical) == (address, canonical)


@pytest.mark.parametrize("typed", ["", "无", "a@b", "a b@qq.com", ".a@qq.com", "a@@qq.com", "13800138000"])
def test_what_no_letter_reaches_is_no_email(typed):
    with pytest.raises(normalise.NotAnEmail):
        normalise.email(typed)


@pytest.mark.parametrize(
    ("typed", "kind", "surname", "given"),
    [
        ("王强", "full", "王", "强"),
        (" 王\u200b 强\u3000", "full", "王", "强"),
        ("欧阳静瑶", "full", "欧阳", "静瑶"),
        ("王强先生", "full", "王", "强"),
        ("王强(Tony)", "full", "王", "强"),
        ("阿卜杜拉·买买提", "full", None, None),
        ("wangqiang", "latin", "wang", "qiang"),
        ("Qiang Wang", "latin", "wang", "qiang"),
        ("Qiang WANG", "latin", "wang", "qiang"),
        ("Mei Sima", "latin", "sima", "mei"),
        ("John Smith", "latin", None, None),
        ("王先生", "salutation", "王", None),
        ("司马女士", "salutation", "司马", None),
        ("王总", "salutation", "王", None),
        ("Mr Wang", "salutation", "wang", None),
        ("老王", "salutation", "王", None),
        ("王**", "salutation", "王", None),
        ("小伟", "nickname", None, "伟"),
        ("阿敏", "nickname", None, "敏"),
        ("丽丽", "nickname", None, "丽"),
        ("测试", "placeholder", None, None),
        ("N/A", "placeholder", None, None),
        ("先生", "placeholder", None, None),
        ("合计", "placeholder", None, None),
        (" ", "none", None, None),
    ],
)
def test_names_are_classed_and_taken_apart(typed, kind, surname, given):
    read = normalise.name(typed)

    assert (read.kind, read.surname, read.given) == (kind, surname, given)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("曾凡雪", "cengfanxue"),
        ("查良镛", "Zha Liangyong"),
        ("吕伟", "Lyu Wei"),
        ("張偉", "张伟"),
        ("胡安刚", "huangang"),
    ],
)
def test_one_name_sounds_alike_in_every_script(one, other):
    assert set(normalise.name(one).spellings) & set(normalise.name(other).spellings)


def test_a_latin_name_with_two_surnames_keeps_both_orders():
    read = normalise.name("Lin Yang")

    assert read.surname is None
    assert set(read.spellings) == {"linyang", "yanglin"}


def test_a_contact_in_the_name_column_is_rescued():
    assert normalise.name("138 0013 8000").misplaced == "138 0013 8000"
    assert normalise.name("foo@qq.com").kind == "placeholder"
    assert (normalise.name("王强 13800138000").kind, normalise.name("王强 13800138000").misplaced) == (
        "full",
        "13800138000",
    )


def test_a_vin_is_upper_case_and_needs_no_check_digit():
    assert normalise.vin(" lsv aa418-2e2184847 ") == "LSVAA4182E2184847"


@pytest.mark.parametrize("typed", ["LSVAA4182O2184847", "LSVAA4182E218484", "1" * 17, "LSVAA4182E21848四七"])
def test_what_no_car_wears_is_no_vin(typed):
    with pytest.raises(normalise.NotAVin):
        normalise.vin(typed)


def test_a_wechat_identifier_keeps_its_case():
    assert normalise.wechat(" oAbC123_-x ") == "oAbC123_-x"
    for typed in ("", "o 1", "x" * 129):
        with pytest.raises(normalise.NotAWechatId):
            normalise.wechat(typed)


def _reason(read, typed):
    try:
        read(typed)
    except normalise.Unreadable as no:
        return no.reason
    return None
