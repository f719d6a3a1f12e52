"""What people did in the house before anybody looks: through its own doors, so that screens show what a day's work leaves.

Promises the address of everything that it leaves behind, by a name that `screens.py` uses.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from crm.network import local_day
from crm.origin import LOOPBACK_COOKIE
from tests.cast import on_page
from tests.leads.imports.guest_lists import guest, guests
from tests.leads.imports.sheets import line, sheet
from tests.whole import running

CAMPAIGN = "shanghai-demo"
WELL = [line(number) for number in range(12)]
ILL = [line(90, phone="1.38E+10"), line(91, at="soon"), line(92, car="Model T")]


def do(url: str, people: Mapping[str, str]) -> dict[str, str]:
    """A morning of the alliance's marketer and of a colleague of one brand; where each thing is."""
    done = {}
    with _signed_in(url, people["alliance_marketer"]) as marketer:
        done["import-columns"] = _upload(marketer, *WELL, line(50))
        done["import-checked"] = _checked(marketer, *WELL, *ILL)
        done["import-done"] = _checked(marketer, *WELL, *ILL, line(60))
        _send(marketer, f"{done['import-done']}/running")
        done["draft"] = _send(marketer, "/policies/aito/drafts")
        week = {"since": local_day(datetime.now(UTC)) - timedelta(days=7), "until": local_day(datetime.now(UTC))}
        done["simulation"] = _send(marketer, f"{done['draft']}/simulations", **week)
        leads = re.findall(r'name="lead" value="([^"]+)"', marketer.get("/leads").text)[:3]
        done["bulk-done"] = _send(marketer, "/bulk/jobs", lead=leads, kind="note", text="周五回电")
        done |= _joint_campaign(marketer, "/campaigns/shanghai-demo")
        done |= _an_event(marketer)
        done |= _lists(marketer, done["guests"])
        for waiting, sign in (("import-done", "every 1s"), ("simulation", "every 1s"), ("bulk-done", "every 1s")):
            _wait(marketer, done[waiting], while_there=sign)
        done |= _invite(marketer)
    with _signed_in(url, people["brand_marketer"]) as colleague:
        done["second-factor"] = _send(colleague, "/account/second-factor")
    with _signed_in(url, people["alliance_admin"]) as admin:
        done["key"] = _a_key(admin)
    return done


def _a_key(admin: httpx.Client) -> str:
    """Where the terms of a key are that may be used from two networks until a day, as often as it was said."""
    terms = {"expires_at": "2037-05-01T10:00", "allowed_from": "203.0.113.0/24 2001:db8::/32"}
    limit = {"limit_requests": "600", "limit_seconds": "10"}
    said = {"kind": "source", "code": "web-form", "scopes": ["leads", "consents"], **terms, **limit}
    admin.post("/keys", data=said).raise_for_status()
    return on_page(r'href="(/keys/\d+)"', admin.get("/keys?code=web-form").text)


def _joint_campaign(browser: httpx.Client, address: str) -> dict[str, str]:
    """Where the ways to a show are, and one of its links."""
    channel = f"{address}/channels/poster"
    link = on_page(r"(/r/\w{7})", browser.get(channel).text)
    return {"channel": channel, "sheet": f"{address}/channels/sheet", "link": link}


def _an_event(marketer: httpx.Client) -> dict[str, str]:
    """A day in a tent with three times to book, one of them full, and who came to it by hand and by the public page."""
    day = local_day(datetime.now(UTC)) + timedelta(days=20)
    campaign = f"/campaigns/{CAMPAIGN}"
    times = {"starts": f"{day} 10:00", "ends": f"{day} 18:00"}
    event = _send(
        marketer, f"{campaign}/events", name="联合试驾日", code="tent-day", venue="国家会展中心", capacity=40, **times
    )
    for hour, places, model in ((11, 1, "M9"), (13, 6, "R7"), (15, 20, "")):
        kind = "test_drive" if model else "session"
        _send(marketer, f"{event}/slots", kind=kind, model=model, starts=f"{day} {hour}:00", minutes=40, places=places)
    _send(marketer, f"{event}/opening")
    guests = [
        _send(
            marketer, f"{campaign}/guests/new", event="tent-day", name=name, phone=f"1390000{n}11{n}", car=["M9", "R7"]
        )
        for n, name in enumerate(("沈予安", "林晓帆", "顾清和"), start=1)
    ]
    slots = re.findall(rf"{event}/slots/(\d+)\"", marketer.get(event).text)
    for one in guests[:2]:
        _send(marketer, f"{one}/bookings", slot=slots[0])
    form = on_page(r'name="form" value="([^"]+)"', marketer.get("/e/tent-day").text)
    time.sleep(2.1)  # nobody fills in a form faster
    said = {"form": form, "name": "许知远", "phone": "13900005115", "car": ["S9"], "slot": slots[0]}
    agreed = ["share_with_dealer:stelato", "alliance_marketing:stelato"]
    guest = _send(marketer, "/e/tent-day", agreed=agreed, **said)
    return {
        "event": event,
        "slot": f"{event}/slots/{slots[1]}",
        "events": f"{campaign}/events",
        "guests": f"{campaign}/guests",
        "guest-of-staff": guests[0],
        "guest": guest,
    }


def _lists(marketer: httpx.Client, address: str) -> dict[str, str]:
    """Three lists of guests of the day in the tent: one at its columns, one checked, one brought in."""
    good = [guest(number, slot="15:00" if number < 3 else "") for number in range(6)]
    content = guests(*good, guest(90, phone="1.38E+10"), guest(91, car="Model T"), good[0])
    done = {}
    for step in ("columns", "checked", "done"):
        file = {"file": (f"{step}.csv", content)}
        where = _landed(marketer.post(f"{address}/imports", data={"event": "tent-day"}, files=file))
        done[f"guest-list-{step}"] = where
        if step != "columns":
            _settle(marketer, where)
    _send(marketer, f"{done['guest-list-done']}/running")
    _wait(marketer, done["guest-list-done"], while_there="every 1s")
    return done


def _invite(browser: httpx.Client) -> dict[str, str]:
    """An audience, words in both languages, a mailing that is ready to go and one that went."""
    base = "/campaigns/shanghai-demo/invitations"
    texts = {
        "subject_zh": "{event}邀请函",
        "text_zh": "{name}，{brands}诚邀您参加{event}：{link}",
        "text_en": "Dear {name}, come to {event}: {link}",
    }
    audience = _send(browser, f"{base}/audiences", name="有意向的客户", sender="alliance", stage_from="lead")
    template = _send(
        browser, f"{base}/templates", name="邀请函", sender="alliance", subject_en="Invitation to {event}", **texts
    )
    sms = {"name": "短信", "sender": "alliance", "channel": "sms", "text_zh": "{name}，诚邀您参加{event}"}
    plan = {"sender": "alliance", "channel": "email", "audience": audience.rpartition("/")[2]}
    done = {
        "invitations": base,
        "audience": audience,
        "template": template,
        "template-sms": _send(browser, f"{base}/templates", **sms),
    }
    for place, name in (("mailing-draft", "首轮邀请"), ("mailing", "已发的邀请")):
        begun = _send(browser, f"{base}/new", name=name, round=1 + (place == "mailing"), **plan).partition("?")[0]
        _send(browser, f"{begun}/message", template=template.rpartition("/")[2])
        done[place] = begun
    _send(browser, f"{done['mailing']}/sending")
    _wait(browser, done["mailing"], while_there="Planned")
    return done


def _upload(browser: httpx.Client, *lines: str) -> str:
    file = {"file": ("chengdu.csv", sheet(*lines))}
    return _landed(browser.post("/imports", data={"subject": "leads", "source": "desk"}, files=file))


def _checked(browser: httpx.Client, *lines: str) -> str:
    address = _upload(browser, *lines)
    _settle(browser, address, source="desk", mode="offer")
    return address


def _settle(browser: httpx.Client, address: str, **said: str) -> None:
    selects = re.findall(r'name="field".*?</select>', browser.get(address).text, re.DOTALL)
    read_as = [re.search(r'value="([^"]*)" selected', select) for select in selects]
    fields = [found[1] if found else "" for found in read_as]
    _send(browser, f"{address}/columns", field=fields, **said)
    _wait(browser, address, while_there="every 1s")


def _send(browser: httpx.Client, path: str, **said: Any) -> str:
    return _landed(browser.post(path, data=said))


def _landed(answer: httpx.Response) -> str:
    assert answer.status_code == 303, (answer.request.url.path, answer.status_code)
    return answer.headers["location"]


def _wait(browser: httpx.Client, path: str, *, while_there: str) -> None:
    running.eventually(lambda: while_there not in browser.get(path).text, within=running.PATIENCE)


@contextmanager
def _signed_in(url: str, cookie: str) -> Iterator[httpx.Client]:
    said = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=url, headers=said, cookies={LOOPBACK_COOKIE: cookie}, timeout=30, trust_env=False) as it:
        it.headers["x-csrf-token"] = on_page(r'name="_csrf" value="([^"]+)"', it.get("/account").text)
        yield it
