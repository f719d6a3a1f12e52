"""Every screen of the staff pages: its name, who looks, and where it is; the one list that tests and `make shots` share."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from playwright.sync_api import Page

from campaigns.invitations import tokens
from tests.browser.stage import HALF_WAY, Stage

LATE = "select interest.lead from offer join interest on interest.id = interest where state = 'offered' order by answer_due_at limit 1"
ACCEPTED = (
    "select interest.lead from offer join interest on interest.id = interest where state = 'accepted' "
    "order by offered_at desc, offer.id limit 1"
)
HELD = "select lead from interest where hold = 'no_place' order by captured_at desc limit 1"
PERSON = (
    "select person.id from person join link on link.person = person.id and closed_at is null "
    "where merged_into is null group by person.id order by count(*) desc, person.id limit 1"
)
STORE = "select code from store join offer on offer.store = store.id where state = 'offered' group by code order by count(*) desc, code limit 1"
REVIEW = "select id from review_task where closed_at is null order by opened_at limit 1"
DEALER = "select dealer.code from dealer order by code limit 1"
STAFF = "select id from staff where role = 'brand_marketer' and created_by = 'demo'"
MERGE = "select id from merge where undone_at is null order by at desc limit 1"
MESSAGE = "select id from message where mailing is not null order by id limit 1"
AT_THE_DESK = (
    "select offer.id from offer join staff on staff.dealer = offer.dealer where state in ('offered', 'accepted') "
    "order by state desc, offered_at desc, offer.id limit 1"
)

CAMPAIGN = "select code from campaign where code like '%-demo' order by starts_on desc limit 1"
FOUND_CAMPAIGN = "select '~' || id from campaign order by status = 'found' desc, id limit 1"


def _nothing(_: Page) -> None:
    pass


class Screen(NamedTuple):
    """One screen as one role sees it; `act` is what they do there before one looks."""

    name: str
    role: str | None
    path: Callable[[Stage], str]
    act: Callable[[Page], None] = _nothing


def at(path: str) -> Callable[[Stage], str]:
    """A fixed address."""
    return lambda _: path


def left(name: str, part: str = "") -> Callable[[Stage], str]:
    """Where something is that was done before; see doings.py."""
    return lambda stage: stage.done[name] + part


def of(query: str, path: str) -> Callable[[Stage], str]:
    """The address of what a query finds first."""
    return lambda stage: path.format(stage.one(query))


def sends(form: str, **typed: str) -> Callable[[Page], None]:
    """Fills what is said into that form, whatever the browser thinks of it, and sends it."""

    def send(page: Page) -> None:
        fields = page.locator(form).first
        fields.evaluate(
            "(form, typed) => { form.noValidate = true; for (const name in typed) form.elements[name].value = typed[name]; }",
            typed,
        )
        with page.expect_navigation():
            fields.evaluate("form => form.requestSubmit()")

    return send


def ticks(page: Page) -> None:
    """Ticks two leads and asks what can be done with them."""
    for box in page.locator("tbody input[name=lead]").all()[:2]:
        box.check()
    with page.expect_navigation():
        page.locator("[data-bulk] button:visible").first.click()


ADMIN, MARKETER, BRAND, AUDITOR = "alliance_admin", "alliance_marketer", "brand_marketer", "auditor"
SCREENS = (
    Screen("sign-in", None, at("/sign-in")),
    Screen("front", None, at("/demo")),
    Screen("home", MARKETER, at("/")),
    Screen("home-brand", BRAND, at("/")),
    Screen("home-analyst", "analyst", at("/")),
    Screen("home-desk", "event_desk", at("/")),
    Screen("leads", MARKETER, at("/leads")),
    Screen("leads-brand", BRAND, at("/leads")),
    Screen(
        "leads-filtered",
        MARKETER,
        at("/leads?stage=offered&brand=aito&columns=person,interests,stage,store,clock,captured"),
    ),
    Screen("leads-none", MARKETER, at("/leads?stage=delivered&hold=no_place")),
    Screen("new-lead", MARKETER, at("/leads/new")),
    Screen("lead-late", MARKETER, lambda stage: f"/leads/{stage.one(LATE)}"),
    Screen("lead-accepted", MARKETER, lambda stage: f"/leads/{stage.one(ACCEPTED)}"),
    Screen("lead-held", MARKETER, lambda stage: f"/leads/{stage.one(HELD)}"),
    Screen(
        "lead-brand",
        BRAND,
        lambda stage: f"/leads/{stage.one(LATE.replace('where state', 'where offer.brand = 1 and state'))}",
    ),
    Screen("queue-late", MARKETER, at("/queues/late")),
    Screen("queue-held", MARKETER, at("/queues/held")),
    Screen("queue-alliance", MARKETER, at("/queues/alliance")),
    Screen("queue-lost", MARKETER, at("/queues/lost")),
    Screen("bulks", MARKETER, at("/bulk")),
    Screen("people", MARKETER, at("/people")),
    Screen("person", MARKETER, lambda stage: f"/people/{stage.one(PERSON)}"),
    Screen("person-auditor", AUDITOR, lambda stage: f"/people/{stage.one(PERSON)}"),
    Screen("review", MARKETER, at("/review")),
    Screen("review-pair", MARKETER, lambda stage: f"/review/{stage.one(REVIEW)}"),
    Screen("stores", MARKETER, at("/stores")),
    Screen("stores-map", MARKETER, at("/stores?view=map")),
    Screen("store", MARKETER, lambda stage: f"/stores/{stage.one(STORE)}"),
    Screen("dealer", MARKETER, lambda stage: f"/dealers/{stage.one(DEALER)}"),
    Screen("my-store", "store", at("/my-store")),
    Screen("policies", MARKETER, at("/policies")),
    Screen("policy", MARKETER, at("/policies/aito")),
    Screen("imports", MARKETER, at("/imports")),
    Screen("import-new", MARKETER, at("/imports/new")),
    Screen("account", MARKETER, at("/account")),
    Screen("staff", ADMIN, at("/staff")),
    Screen("staff-one", ADMIN, lambda stage: f"/staff/{stage.one(STAFF)}"),
    Screen("settings", ADMIN, at("/settings")),
    Screen("notices", ADMIN, at("/notices")),
    Screen("keys", ADMIN, at("/keys")),
    Screen("audit", AUDITOR, at("/audit")),
    Screen("notifications", MARKETER, at("/notifications")),
    Screen("sign-in-wrong", None, at("/sign-in"), sends("form[action^='/sign-in']", login="nobody", password="wrong")),
    Screen("sign-in-code", HALF_WAY, at("/sign-in/second-factor")),
    Screen("leads-ticked", MARKETER, at("/leads"), ticks),
    Screen("new-lead-wrong", MARKETER, at("/leads/new"), sends("form[data-unsaved]")),
    Screen("lead-offer", MARKETER, of(HELD, "/leads/{}/offers/new")),
    Screen("lead-place", MARKETER, of(HELD, "/leads/{}/place")),
    Screen(
        "lead-place-late", MARKETER, of(HELD, "/leads/{}/place?q=武侯"), sends("#main form[method=post]", version="0")
    ),
    Screen("lead-wish", MARKETER, of(LATE, "/leads/{}/interests/new")),
    Screen("person-leads", MARKETER, of(PERSON, "/people/{}?part=leads")),
    Screen("person-history", MARKETER, of(PERSON, "/people/{}?part=history")),
    Screen("person-consents", MARKETER, of(PERSON, "/people/{}?part=consents")),
    Screen("person-sharing", MARKETER, of(PERSON, "/people/{}?part=sharing")),
    Screen("correction", MARKETER, of(PERSON, "/people/{}/corrections")),
    Screen(
        "correction-wrong", MARKETER, of(PERSON, "/people/{}/corrections"), sends("#main form[method=post]", value="12")
    ),
    Screen("merge", MARKETER, of(MERGE, "/merges/{}")),
    Screen("my-offer", "store", of(AT_THE_DESK, "/my-store/offers/{}")),
    Screen("draft", MARKETER, left("draft")),
    Screen("simulation", MARKETER, left("simulation")),
    Screen("policy-version", MARKETER, at("/policies/aito/versions/1")),
    Screen("import-columns", MARKETER, left("import-columns")),
    Screen("import-checked", MARKETER, left("import-checked")),
    Screen("import-done", MARKETER, left("import-done")),
    Screen("import-undo", MARKETER, left("import-done", "/undoing")),
    Screen("bulk-done", MARKETER, left("bulk-done")),
    Screen("second-factor", BRAND, left("second-factor")),
    Screen("sessions", MARKETER, at("/account/sessions")),
    Screen("staff-new", ADMIN, at("/staff/new")),
    Screen("key-new", ADMIN, at("/keys/new")),
    Screen("key-new-wrong", ADMIN, at("/keys/new"), sends("#main form[method=post]", code="a b", limit_requests="5")),
    Screen("key", ADMIN, left("key")),
    Screen("notice-new", ADMIN, at("/notices/new")),
    Screen("found", MARKETER, at("/"), sends("form.mq-find", q="王先生")),
    Screen("found-nothing", MARKETER, at("/"), sends("form.mq-find", q="欧阳无人")),
    Screen("lead-rule", MARKETER, at("/campaigns/shanghai-demo/lead-rule")),
    Screen("lead-rule-brand", BRAND, at("/campaigns/shanghai-demo/lead-rule")),
    Screen("campaigns", MARKETER, at("/campaigns")),
    Screen("campaigns-none", MARKETER, at("/campaigns?q=nowhere")),
    Screen(
        "campaigns-calendar",
        MARKETER,
        of("select to_char(max(starts_on), 'YYYY-MM') from campaign", "/campaigns/calendar?month={}"),
    ),
    Screen("campaign-new", MARKETER, at("/campaigns/new")),
    Screen(
        "campaign-new-wrong",
        MARKETER,
        at("/campaigns/new"),
        sends("form[data-unsaved]", code="x", name="秋季", budget="much"),
    ),
    Screen("campaign", MARKETER, of(CAMPAIGN, "/campaigns/{}")),
    Screen("campaign-brand", BRAND, of(CAMPAIGN, "/campaigns/{}")),
    Screen("campaign-analyst", "analyst", of(CAMPAIGN, "/campaigns/{}")),
    Screen("campaign-found", MARKETER, of(FOUND_CAMPAIGN, "/campaigns/{}")),
    Screen("campaign-edit", MARKETER, of(CAMPAIGN, "/campaigns/{}/edit")),
    Screen(
        "campaign-edit-late",
        MARKETER,
        of(CAMPAIGN, "/campaigns/{}/edit"),
        sends("form#plan", version="0", name="另一个名字"),
    ),
    Screen("campaign-clone", MARKETER, of(CAMPAIGN, "/campaigns/{}/clone")),
    Screen("campaign-arrangement", MARKETER, of(CAMPAIGN, "/campaigns/{}/arrangement")),
    Screen("campaign-arrangement-brand", BRAND, of(CAMPAIGN, "/campaigns/{}/arrangement")),
    Screen("campaign-goals", MARKETER, of(CAMPAIGN, "/campaigns/{}/goals")),
    Screen("campaign-checklist", MARKETER, of(CAMPAIGN, "/campaigns/{}/checklist")),
    Screen("campaign-channels", MARKETER, of(CAMPAIGN, "/campaigns/{}/channels")),
    Screen("campaign-channel", MARKETER, left("channel")),
    Screen("campaign-sheet", MARKETER, left("sheet")),
    Screen("link", None, left("link")),
    Screen("event-public", None, at("/e/tent-day")),
    Screen("event-public-wrong", None, at("/e/tent-day"), sends("main form", phone="138000")),
    Screen("guest-page", None, left("guest")),
    Screen("events", MARKETER, at("/events")),
    Screen("event", MARKETER, left("event")),
    Screen("event-analyst", "analyst", left("event")),
    Screen("event-change", MARKETER, left("event", "/changes")),
    Screen("event-new-wrong", MARKETER, left("events", "/new"), sends("#main form[method=post]", code="a b", name="x")),
    Screen("slot", MARKETER, left("slot")),
    Screen("campaign-events", MARKETER, left("events")),
    Screen("guests", MARKETER, left("guests")),
    Screen("guests-brand", BRAND, left("guests")),
    Screen("guests-none", MARKETER, left("guests", "?standing=cancelled")),
    Screen("guests-print", MARKETER, left("guests", "/print")),
    Screen("guest-new", MARKETER, left("guests", "/new")),
    Screen("guest", MARKETER, left("guest-of-staff")),
    Screen("guest-lists", MARKETER, left("guests", "/imports")),
    Screen("guest-lists-brand", BRAND, left("guests", "/imports")),
    Screen("guest-list-new", BRAND, left("guests", "/imports/new")),
    Screen("guest-list-columns", MARKETER, left("guest-list-columns")),
    Screen("guest-list-checked", MARKETER, left("guest-list-checked", "?fate=place")),
    Screen("guest-list-done", MARKETER, left("guest-list-done")),
    Screen("guest-list-undo", MARKETER, left("guest-list-done", "/undoing")),
    Screen("invitations", MARKETER, left("invitations")),
    Screen("invitations-brand", BRAND, left("invitations")),
    Screen("mailing-new", MARKETER, left("invitations", "/new")),
    Screen("mailing-setup", MARKETER, left("mailing-draft", "?step=setup")),
    Screen("mailing-message", MARKETER, left("mailing-draft", "?step=message")),
    Screen("mailing-preview", MARKETER, left("mailing-draft", "?step=preview")),
    Screen("mailing-send", MARKETER, left("mailing-draft", "?step=send")),
    Screen("mailing", MARKETER, left("mailing", "?reason=no_consent")),
    Screen("audiences", MARKETER, left("invitations", "/audiences")),
    Screen("audience", MARKETER, left("audience")),
    Screen("audience-new", BRAND, left("invitations", "/audiences/new")),
    Screen("audience-wrong", MARKETER, left("audience"), sends("#filter", name="", regions="哪里")),
    Screen("message-templates", MARKETER, left("invitations", "/templates")),
    Screen("message-template", MARKETER, left("template")),
    Screen("message-template-sms", MARKETER, left("template-sms")),
    Screen("contact-rules", ADMIN, at("/contact-rules")),
    Screen("outbox", ADMIN, at("/outbox")),
    Screen("unsubscribe", None, lambda stage: f"/u/{tokens.made('unsubscribe', UUID(stage.one(MESSAGE)))}"),
    Screen("not-found", MARKETER, at("/leads/018f0000-0000-7000-8000-000000000000")),
    Screen("not-yours", "analyst", at("/leads")),
)
