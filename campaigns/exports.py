"""Reports to take away: a CSV for machines, a workbook for people with every column explained in both languages.

Promises that numbers stay numbers and that no text of ours is taken for a formula by the spreadsheet that opens it. A
file is made whole before its first byte is written, so a failing export leaves nothing half done.
"""

import io
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from campaigns.reports import Performance, Reach, performance
from crm import spreadsheets

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["csv", "xlsx"]
FORMS: tuple[Form, ...] = get_args(Form)

# Column, then what it counts, in Chinese and English.
DICTIONARY = (
    ("brand", "品牌代码；total 为整个活动", "The brand's code; total is the whole campaign"),
    ("name_zh", "品牌中文名", "The brand's name in Chinese"),
    ("name_en", "品牌英文名", "The brand's name in English"),
    (
        "registered",
        "登记数：与该品牌有触点的登记，同一次登记只计一次",
        "Registrations with a touchpoint of the brand, each counted once",
    ),
    (
        "people",
        "人数：上述登记背后的客户，合并后的记录按一人计",
        "The people behind these registrations; merged records are one person",
    ),
    ("leads", "线索数：向该品牌提出意向的线索", "Leads that asked for the brand"),
    ("offered", "已派单：至少派给过一家门店的线索", "Leads offered to at least one store"),
    ("accepted", "已受理：有门店受理的线索", "Leads that a store accepted"),
    ("contacted", "已联系：门店已联系到的线索", "Leads whose person the store reached"),
    ("test_drive", "已试驾：完成试驾的线索", "Leads with a test drive done"),
    (
        "order",
        "大定：已锁定订单的线索（可退的小订不计）",
        "Leads with a locked order (refundable deposits do not count)",
    ),
)
WHAT_THE_TOTAL_IS = (
    "合计行每次登记、每个人、每条线索只计一次，也包含未说明品牌的，因此不等于各品牌之和。",
    "The total counts everything once, also what named no brand, so it is not the sum of the brands.",
)

WIDTHS = {"numbers": 12, "dictionary": 72}  # of all columns but the first, in characters


async def write_performance(campaign: str, *, form: Form, path: Path | None, as_of: datetime) -> Performance:
    """Write a campaign's figures to a file, or to standard output without one; refuses unknown campaigns."""
    figures = await performance(campaign, as_of=as_of)
    content = as_csv(figures) if form == "csv" else as_workbook(figures)
    _write(content, path)
    return figures


def as_csv(figures: Performance) -> bytes:
    """One line per brand and the total, in UTF-8; columns as in DICTIONARY."""
    frame = _frame(figures)
    for column in ("brand", "name_zh", "name_en"):
        frame[column] = frame[column].map(spreadsheets.harmless)
    return frame.to_csv(index=False, lineterminator="\n").encode()


def as_workbook(figures: Performance) -> bytes:
    """An XLSX with the sheets `numbers` and `dictionary`; the second also says which campaign and as of when."""
    import pandas as pd

    # Text that looks like a formula or an address stays text; the cell type says so, no sign in front of it.
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs={"options": as_text}) as workbook:
        for sheet, frame in (("numbers", _frame(figures)), ("dictionary", _dictionary(figures))):
            frame.to_excel(workbook, sheet_name=sheet, index=False)
            workbook.sheets[sheet].freeze_panes(1, 0)
            workbook.sheets[sheet].set_column(1, len(frame.columns) - 1, WIDTHS[sheet])
    return file.getvalue()


def _write(content: bytes, path: Path | None) -> None:
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        path.write_bytes(content)


def _frame(figures: Performance) -> "pd.DataFrame":
    import pandas as pd

    lines = [_line(it.code, it.name_zh, it.name_en, it.reach) for it in figures.brands]
    lines.append(_line("total", "合计", "Total", figures.total))
    return pd.DataFrame(lines, columns=[column for column, *_ in DICTIONARY])


def _line(brand: str, name_zh: str, name_en: str, reach: Reach) -> dict[str, Any]:
    return {"brand": brand, "name_zh": name_zh, "name_en": name_en, **msgspec.structs.asdict(reach)}


def _dictionary(figures: Performance) -> "pd.DataFrame":
    import pandas as pd

    about = [
        ("campaign", figures.name, figures.campaign),
        ("as_of", *(figures.as_of.isoformat(timespec="seconds"),) * 2),
        ("total", *WHAT_THE_TOTAL_IS),
    ]
    return pd.DataFrame([*DICTIONARY, *about], columns=["column", "说明", "meaning"])
