"""A person as staff read it at the terminal: every value masked, every observation with the reason why it is theirs."""

import msgspec

from crm import masks
from crm.identity import Reason
from crm.people import GoldenRecord, Said


class Portrait(msgspec.Struct, frozen=True):
    """The record and the reasons behind it."""

    record: GoldenRecord
    reasons: list[Reason]


def masked(record: GoldenRecord) -> GoldenRecord:
    """The same record, fit for a screen that others may see."""
    return msgspec.structs.replace(
        record,
        names=[_hidden(said, masks.name(said.value) or "**") for said in record.names],
        phones=[_hidden(said, said.value if "*" in said.value else masks.number(said.value)) for said in record.phones],
        emails=[_hidden(said, masks.email(said.value) or "") for said in record.emails],
        wechat=[_hidden(said, f"{said.value[:2]}***") for said in record.wechat],
    )


def as_text(record: GoldenRecord, reasons: list[Reason]) -> str:
    """The record, a kind of value a line, then a line per observation."""
    kinds = {"names": record.names, "phones": record.phones, "e-mails": record.emails, "WeChat": record.wechat}
    lines = [f"{record.person}  no. {record.no}, {record.status}, {record.open_questions} open questions"]
    lines += [
        f"  {kind:8} {', '.join(f'{said.value} ({said.times})' for said in values)}"
        for kind, values in kinds.items()
        if values
    ]
    lines += [
        f"  {reason.at:%Y-%m-%d %H:%M}  {reason.outcome}: {'; '.join(part['words'] for part in reason.parts)}"
        for reason in reasons
    ]
    return "\n".join(lines)


def _hidden(said: Said, shown: str) -> Said:
    return msgspec.structs.replace(said, value=shown)
