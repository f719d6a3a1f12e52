"""The closed sets of this app, with their words in both languages, and what a lead as a whole is up to.

Promises that the lookup tables hold exactly these rows after `seed`. A stage's rank is the order of the way; an interest never moves back.
"""

from collections.abc import Sequence
from typing import TypeAlias

from crm.database import insert
from leads.tables import DispositionKind, Hold, InterestKind, Reason, Stage

INTERESTS = (
    InterestKind(code="buy", capability="sales", name_zh="购车", name_en="buy"),
    InterestKind(code="test_drive", capability="test_drive", name_zh="试驾", name_en="test drive"),
    InterestKind(code="call_back", capability="sales", name_zh="回电", name_en="call back"),
    InterestKind(code="lease", capability="sales", name_zh="租赁", name_en="lease"),
    InterestKind(code="other", capability="sales", name_zh="其他", name_en="other"),
)
# What a person asked a store for, by itself a basis to hand this one wish to one store (SCHEMA rule 1).
REQUESTS = frozenset({"test_drive", "call_back"})

STAGES = (
    Stage(code="recorded", rank=0, name_zh="仅记录", name_en="recorded only"),
    Stage(code="identified", rank=10, name_zh="已识别", name_en="identified"),
    Stage(code="cleared", rank=20, name_zh="已放行", name_en="cleared"),
    Stage(code="alliance_queue", rank=25, name_zh="联盟待办", name_en="alliance queue"),
    Stage(code="offered", rank=30, name_zh="已派单", name_en="offered"),
    Stage(code="accepted", rank=40, name_zh="已受理", name_en="accepted"),
    Stage(code="contacted", rank=50, name_zh="已联系", name_en="contacted"),
    Stage(code="appointment", rank=60, name_zh="已预约", name_en="appointment"),
    Stage(code="visited", rank=70, name_zh="已到店", name_en="visited"),
    Stage(code="test_drive", rank=80, name_zh="已试驾", name_en="test drive"),
    Stage(code="quoted", rank=90, name_zh="已报价", name_en="quoted"),
    Stage(code="deposit", rank=100, name_zh="小订", name_en="deposit"),
    Stage(code="order", rank=110, name_zh="大定", name_en="order"),
    Stage(code="delivered", rank=120, name_zh="已交付", name_en="delivered"),
    Stage(code="lost", rank=130, name_zh="战败", name_en="lost"),
)
RANKS: dict[str, int] = {stage.code: stage.rank for stage in STAGES}

HOLDS = (
    Hold(code="no_consent", name_zh="未获同意", name_en="no consent"),
    Hold(code="no_interest", name_zh="未说明意向", name_en="no interest named"),
    Hold(code="needs_review", name_zh="待核对身份", name_en="needs review"),
    Hold(code="no_franchise", name_zh="无授权门店", name_en="no store sells this brand"),
    Hold(code="no_capacity", name_zh="门店已满", name_en="no capacity today"),
    Hold(code="no_place", name_zh="地点不明", name_en="place unknown"),
    Hold(code="spam", name_zh="无效信息", name_en="spam"),
)

DISPOSITIONS = (
    DispositionKind(
        code="contacted",
        stage="contacted",
        milestone="contacted",
        reason_needed=False,
        name_zh="已联系",
        name_en="contacted",
    ),
    DispositionKind(
        code="appointment",
        stage="appointment",
        milestone=None,
        reason_needed=False,
        name_zh="已预约",
        name_en="appointment",
    ),
    DispositionKind(
        code="visited", stage="visited", milestone=None, reason_needed=False, name_zh="已到店", name_en="visited"
    ),
    DispositionKind(
        code="test_drive",
        stage="test_drive",
        milestone="test_drive",
        reason_needed=False,
        name_zh="已试驾",
        name_en="test drive",
    ),
    DispositionKind(
        code="quoted", stage="quoted", milestone=None, reason_needed=False, name_zh="已报价", name_en="quoted"
    ),
    DispositionKind(
        code="deposit", stage="deposit", milestone="deposit", reason_needed=False, name_zh="小订", name_en="deposit"
    ),
    DispositionKind(
        code="order", stage="order", milestone="order", reason_needed=False, name_zh="大定", name_en="order"
    ),
    DispositionKind(
        code="delivered",
        stage="delivered",
        milestone="delivered",
        reason_needed=False,
        name_zh="已交付",
        name_en="delivered",
    ),
    DispositionKind(code="lost", stage="lost", milestone=None, reason_needed=True, name_zh="战败", name_en="lost"),
    DispositionKind(
        code="unreachable", stage=None, milestone=None, reason_needed=False, name_zh="无法接通", name_en="unreachable"
    ),
    DispositionKind(
        code="invalid", stage="lost", milestone=None, reason_needed=False, name_zh="无效线索", name_en="invalid"
    ),
)

REASONS = (
    Reason(code="no_response_after_3_calls", fits="lost", name_zh="三次未接", name_en="no response after 3 calls"),
    Reason(code="invalid_number", fits="lost", name_zh="号码无效", name_en="invalid number"),
    Reason(code="did_not_enquire", fits="lost", name_zh="本人未咨询", name_en="did not enquire"),
    Reason(code="connected_no_intent", fits="lost", name_zh="无购车意向", name_en="connected, no intent"),
    Reason(code="bought_elsewhere", fits="lost", name_zh="已购他牌", name_en="bought elsewhere"),
    Reason(code="price", fits="lost", name_zh="价格", name_en="price"),
    Reason(code="out_of_area", fits="both", name_zh="超出区域", name_en="out of area"),
    Reason(code="duplicate", fits="both", name_zh="重复线索", name_en="duplicate"),
    Reason(code="abusive", fits="both", name_zh="骚扰", name_en="abusive"),
    Reason(code="no_staff", fits="refusal", name_zh="人手不足", name_en="no staff available"),
    Reason(code="no_such_model", fits="refusal", name_zh="无此车型", name_en="model not here"),
    Reason(code="closed_today", fits="refusal", name_zh="今日歇业", name_en="closed today"),
    Reason(code="other", fits="both", name_zh="其他", name_en="other"),
)


ClosedSet: TypeAlias = InterestKind | Stage | Hold | DispositionKind | Reason


def of_lead(interests: Sequence[tuple[str, str | None]]) -> tuple[str, str | None]:
    """The (stage, hold) of a lead: those of its least advanced interest, a held one first; without any, it waits for one."""
    if not interests:
        return "identified", "no_interest"
    return min(interests, key=lambda interest: (RANKS[interest[0]], interest[1] is None))


async def seed() -> None:
    """Write the closed sets; safe to repeat, joins the caller's transaction."""
    for rows in (INTERESTS, STAGES, HOLDS, DISPOSITIONS, REASONS):
        await _write_missing(rows)


async def _write_missing(rows: Sequence[ClosedSet]) -> None:
    table = type(rows[0])
    known = await table.select(table.code).output(as_list=True)
    await insert([row for row in rows if row.code not in known])
