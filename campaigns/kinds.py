"""The closed sets of the two ledgers, with their words in both languages; the numbers are those of `campaigns.touchpoints`."""

from campaigns.tables import MilestoneKind, TouchpointKind
from campaigns.touchpoints import Fact, Touch

TOUCHES = (
    (Touch.registration, "registration", "现场登记", "registered at an event", True),
    (Touch.lead_form, "lead_form", "线上表单", "online form", True),
    (Touch.call, "call", "来电", "call", True),
    (Touch.visit, "visit", "到访", "visit", True),
    (Touch.arrival, "import", "导入", "import", True),
    (Touch.booking, "booking", "预约时段", "booked a slot", False),
    (Touch.invitation_sent, "invitation_sent", "已发邀请", "invitation sent", False),
    (Touch.invitation_opened, "invitation_opened", "打开邀请", "invitation opened", False),
    (Touch.invitation_clicked, "invitation_clicked", "点击邀请", "invitation clicked", False),
    (Touch.landing, "landing", "访问页面", "page visited", False),
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
    touches = (
        TouchpointKind(id=int(touch), code=code, name_zh=zh, name_en=en, registers=registers)
        for touch, code, zh, en, registers in TOUCHES
    )
    await TouchpointKind.insert(*touches).on_conflict(TouchpointKind.code, "DO NOTHING")
    await MilestoneKind.insert(*FACTS).on_conflict(MilestoneKind.code, "DO NOTHING")
