"""What people type is read as they typed it: no more and no less than their browser counted."""

import pytest

from crm import notes
from tests.cast import a_lead, open_chengdu, signed_in, value


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def test_a_text_in_lines_may_be_as_long_as_its_field_let_it_become():
    # A browser counts a new line as one sign and sends it as two.
    lines = "\n".join(["nine sign"] * (notes.LONGEST // 10))
    lead, browser = await a_lead(), await signed_in("alliance_marketer")

    sent = await browser.post(f"/leads/{lead}/notes", data={"text": lines.replace("\n", "\r\n")})

    assert (len(lines), sent.status_code) == (notes.LONGEST - 1, 303)
    assert await value("select count(*) from staff_note") == 1
    assert "nine sign\nnine sign" in (await browser.get(f"/leads/{lead}")).text
