"""What a finished demo tells at the terminal: the story in figures, and how to try it oneself. No personal data.

Promises commands that work as they are, with the keys of this run.
"""

from datetime import datetime

import msgspec

from crm.database import current
from leads.demo import network
from leads.demo.enquiries import NOTICE
from leads.demo.showcase import SHANGHAI
from leads.demo.watch import Keys
from leads.front.overview import Overview, overview
from leads.submission import ConsentSaid, InterestSaid, LeadBody, Origin, PersonSaid, PlaceSaid

BUSIEST = """
select dealer.code from offer join dealer on dealer.id = offer.dealer where offer.state = 'offered'
group by dealer.code order by count(*) desc, dealer.code limit 1
"""


async def figures(*, at: datetime) -> list[str]:
    """The story so far, in eight lines; in the caller's transaction."""
    seen = await overview(at=at)
    merged = await current().fetchval("select count(*) from merge where undone_at is null")
    mended = await current().fetchval("select count(*) from merge where undone_at is not null")
    queue = await current().fetchval("select count(*) from interest where stage = 'alliance_queue'")
    offers = seen.offers
    held = ", ".join(f"{hold.code} {hold.waiting:,}" for hold in seen.held if hold.waiting)
    people = f"{seen.registrations:,} registrations of {seen.people:,} people; {merged} records merged later,"
    answers = f"{offers.accepted:,} accepted, {offers.refused:,} refused, {offers.expired:,} expired, {offers.withdrawn:,} taken back"
    median = f"{offers.minutes_to_accept or 0:.0f} minutes to accept (median)"
    again = ".venv/bin/marquee network import crm/data/stores.csv"
    return [
        f"people     {people} {mended} more wrongly and mended",
        f"brands     met per person: {_brands_met(seen)}",
        f"held       {held}; {queue:,} in the alliance queue",
        f"offers     {offers.made:,} made: {answers}, {offers.offered:,} open",
        f"answers    {median}; now {offers.late} late, {offers.due_within_the_hour} due within the hour",
        f"try        {network.RENEWED} renews its franchises and its leads wait; put its stores back with: {again}",
    ]


async def ways_in(base_url: str, keys: Keys, *, at: datetime) -> list[str]:
    """Where to look, and two requests that work; in the caller's transaction."""
    lead = msgspec.json.encode(_example(at)).decode()
    send = f"curl -s {base_url}/api/v1/leads -H 'Authorization: Bearer {keys.web}' -H 'Content-Type: application/json'"
    dealer = await current().fetchval(BUSIEST) or next(iter(keys.dealers))
    return [
        f"look at    {base_url}/  {base_url}/schema/openapi.json  {base_url}/health/ready",
        f"register   {base_url}/e/{SHANGHAI}  (its code is on the alliance's first page; what is sent stays in the outbox there)",
        f"a source   {send} -d '{lead}'",
        f"a dealer   curl -s '{base_url}/api/v1/inbox?limit=3' -H 'Authorization: Bearer {keys.dealers[dealer]}'",
    ]


def _brands_met(seen: Overview) -> str:
    one, two, *more = seen.brands_met
    return f"1: {one:,}, 2: {two:,}, 3 or more: {sum(more):,}"


def _example(at: datetime) -> LeadBody:
    """A lead that goes straight to a store; sent twice it is one lead."""
    return LeadBody(
        external_id=f"TRY-{at:%H%M%S}",
        captured_at=at.replace(microsecond=0),
        source=Origin(kind="web_form", campaign="shanghai-demo"),
        person=PersonSaid(name="Try Marquee", email="try@example.com"),
        place=PlaceSaid(address="上海市浦东新区世纪大道100号"),
        interests=[InterestSaid(kind="test_drive", brand="aito", model="M8")],
        consents=[ConsentSaid(purpose="share_with_dealer", brands=["aito"], given=True, notice=NOTICE)],
    )
