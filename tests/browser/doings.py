"""What people did in the house before anybody looks: through its own doors, so that screens show what a day's work leaves.

Promises the address of everything that it leaves behind, by a name that `screens.py` uses.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from crm.network import local_day
from crm.origin import LOOPBACK_COOKIE
from tests.cast import on_page
from tests.leads.imports.sheets import line, sheet
from tests.whole import running

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
        for waiting, sign in (("import-done", "every 1s"), ("simulation", "every 1s"), ("bulk-done", "every 1s")):
            _wait(marketer, done[waiting], while_there=sign)
    with _signed_in(url, people["brand_marketer"]) as colleague:
        done["second-factor"] = _send(colleague, "/account/second-factor")
    return done


def _joint_campaign(browser: httpx.Client, address: str) -> dict[str, str]:
    """A show is planned: partners, a wording, goals, channels; and another one of a partner gets into its way."""

    def opened(part: str) -> str:
        return on_page(r'name="version" value="(\d+)"', browser.get(f"{address}/{part}").text)

    codes, shares = ["aito", "luxeed", "stelato", "maextro", "shangjie"], ["34%", "24%", "1/6", "1/6", "13/150"]
    roles = ["host", *["partner"] * 4]
    _send(browser, f"{address}/partners", version=opened("edit"), brand=codes, role=roles, share=shares)
    _send(
        browser,
        f"{address}/arrangement",
        version=opened("arrangement"),
        text_zh="共同处理。",
        text_en="Handled jointly.",
    )
    cells = [f"{code}.{figure}" for code in codes for figure in ("lead", "test_drive", "order")]
    _send(browser, f"{address}/goals", version=opened("goals"), cell=cells, number=["60", "12", "3"] * 5)
    for code, name, medium in (("SH-POSTER", "门店海报", "poster"), ("SH-SMS", "邀请短信", "sms")):
        channel = _send(browser, f"{address}/channels", code=code, name=name, medium=medium)
    link = on_page(r"(/r/\w{7})", browser.get(channel).text)
    return {"channel": channel, "sheet": f"{address}/channels/sheet", "link": link}


def _upload(browser: httpx.Client, *lines: str) -> str:
    file = {"file": ("chengdu.csv", sheet(*lines))}
    return _landed(browser.post("/imports", data={"subject": "leads", "source": "desk"}, files=file))


def _checked(browser: httpx.Client, *lines: str) -> str:
    address = _upload(browser, *lines)
    selects = re.findall(r'name="field".*?</select>', browser.get(address).text, re.DOTALL)
    read_as = [re.search(r'value="([^"]*)" selected', select) for select in selects]
    fields = [found[1] if found else "" for found in read_as]
    _send(browser, f"{address}/columns", field=fields, source="desk", mode="offer")
    _wait(browser, address, while_there="every 1s")
    return address


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
