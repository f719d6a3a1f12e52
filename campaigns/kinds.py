"""The closed sets of the two ledgers, with their words in both languages; the numbers are those of `campaigns.touchpoints`."""

from campaigns.tables import MilestoneKind, TouchpointKind
from campaigns.touchpoints import Fact, Touch

TOUCHES = (
    TouchpointKind(
        id=int(Touch.registration), code="registration", name_zh="现场登记", name_en="registered at an event"
    ),
    TouchpointKind(id=int(Touch.lead_form), code="lead_form", name_zh="线上表单", name_en="online form"),
    TouchpointKind(id=int(Touch.call), code="call", name_zh="来电", name_en="call"),
    TouchpointKind(id=int(Touch.visit), code="visit", name_zh="到访", name_en="visit"),
    TouchpointKind(id=int(Touch.arrival), code="import", name_zh="导入", name_en="import"),
)
FACTS = (
    MilestoneKind(id=int(Fact.lead), code="lead", name_zh="线索", name_en="lead"),
    MilestoneKind(id=int(Fact.offered), code="offered", name_zh="已派单", name_en="offered"),
    MilestoneKind(id=int(Fact.accepted), code="accepted", name_zh="已受理", name_en="accepted"),
    MilestoneKind(id=int(Fact.contacted), code="contacted", name_zh="已联系", name_en="contacted"),
    MilestoneKind(id=int(Fact.test_drive), code="test_drive", name_zh="已试驾", name_en="test drive"),
    MilestoneKind(id=int(Fact.deposit), code="deposit", name_zh="小订", name_en="deposit"),
    MilestoneKind(id=int(Fact.order), code="order", name_zh="大定", name_en="order"),
    MilestoneKind(id=int(Fact.delivered), code="delivered", name_zh="已交付", name_en="delivered"),
)


async def seed() -> None:
    """Write the closed sets; safe to repeat, joins the caller's transaction."""
    await TouchpointKind.insert(*TOUCHES).on_conflict(TouchpointKind.code, "DO NOTHING")
    await MilestoneKind.insert(*FACTS).on_conflict(MilestoneKind.code, "DO NOTHING")
