"""Nothing that would name a person lies readable in the database, its dump, its log or ours."""

import base64
import binascii
import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from crm import embedded
from tests.cast import on_page
from tests.whole.running import a_lead, asked, commands, consents, offered

WECHAT: dict[str, str] = {"account": "alliance", "unionid": "oZ7qSecret0unionid0Qx3"}
PERSON: dict[str, Any] = {
    "name": "司徒鑫淼",
    "phone": "13974218653",
    "email": "Situ.Xinmiao8842@qq.com",
    "wechat": WECHAT,
    "vin": "LSVAU2180N2183294",
}
OTHER = {"name": "慕容焱垚", "phone": "18653097421", "email": "murong-yanyao@163.com", "vin": "LFV3A23C8H3107755"}
LATIN = {"name": "Ouyang Zhuoqian", "phone": "+86 186-2409-7351", "email": "zq.ouyang7351@gmial.com"}
SAID = (
    "车库密码七三九一",
    "请晚上九点以后拨打家里电话",
    "锦绣花园九栋二单元三零一",
    "店员约在茶馆见面",
    "此人已在别处下订",
)

# As received, for its hash: the phone could be found out from it by trying.
BODY = json.dumps(a_lead(person=LATIN)).encode()

SHORTEST = 8
SECRETS = [
    *(person[what] for person in (PERSON, OTHER, LATIN) for what in ("name", "phone", "email")),
    *(PERSON["vin"], OTHER["vin"], WECHAT["unionid"], "+8613974218653", "18624097351", "zqouyang7351@gmail.com"),
    *("司徒", "situxinmiao", "murongyanyao", "ouyangzhuoqian", "zhuoqian", "situ.xinmiao8842@qq.com", "974218653"),
    *SAID,
]


@pytest.fixture(scope="module")
def lived(show, tmp_path_factory):
    """Everything happened to these people that may happen; the log of the commands that were run meanwhile."""
    log = tmp_path_factory.mktemp("secrets") / "commands"
    facts: dict[str, Any] = {
        "remark": SAID[0],
        "contact_preference": {"channel": "phone", "note": SAID[1]},
        "place": {"address": f"成都市武侯区{SAID[2]}"},
        "trade_in": {"make": "Audi", "model": "A6", "year": 2018, "vin": OTHER["vin"]},
    }
    with show.client("desk") as desk, show.client("D1") as first, show.client("D2") as second:
        lead, dealer, offer = offered(desk, a_lead(person=PERSON, **facts), first, second)
        path = f"/api/v1/inbox/offers/{offer['id']}"
        assert dealer.post(f"{path}/acceptance").json()["lead"]["person"]["phone"] == "+8613974218653"
        met = {"kind": "contacted", "at": a_lead()["captured_at"], "note": SAID[3]}
        assert dealer.post(f"{path}/dispositions", json=met).status_code == 201
        _, dealer, offer = offered(desk, a_lead(person=OTHER, **facts), first, second)
        refusal = {"reason": "other", "note": SAID[4]}
        assert dealer.post(f"/api/v1/inbox/offers/{offer['id']}/refusal", json=refusal).status_code == 200
        desk.post("/api/v1/leads", json=a_lead(person=PERSON | {"phone": "13974218635"}, **facts)).raise_for_status()
        desk.post("/api/v1/leads", content=BODY, headers={"Content-Type": "application/json"}).raise_for_status()
        desk.post("/api/v1/leads/batch", json=[a_lead(person=PERSON), a_lead(person=OTHER)]).raise_for_status()
        desk.post(f"/api/v1/people/{lead['person_id']}/consents", json=consents("aito", given=False)).raise_for_status()
        _refused(desk)
        _registered(show, desk)
    _brought_in(show, log)
    person = asked(show.database, "select person from lead where id = $1", lead["id"])[0][0]
    commands(show.environment, ["people", "show", str(person)], ["leads", "show", lead["id"]], log=log)
    time.sleep(1)
    return log


def _refused(desk):
    """Bodies with personal data that cannot be used: they must not be quoted anywhere either."""
    wrong = [
        a_lead(person=PERSON | {"phone": "1397421"}),
        a_lead(person={"name": PERSON["name"], "phone": "139****8653"}),
    ]
    wrong += [a_lead(person=PERSON, colour=PERSON["phone"]), a_lead(person=PERSON | {PERSON["phone"]: 1})]
    wrong += [a_lead(person=OTHER, interests=[{"kind": "buy", "brand": OTHER["phone"]}])]
    for body in wrong:
        desk.post("/api/v1/leads", json=body)
    desk.post(
        "/api/v1/leads",
        content=json.dumps(a_lead(person=PERSON)).encode()[:-3],
        headers={"Content-Type": "application/json"},
    )
    desk.get(f"/api/v1/people/{PERSON['phone']}/consents")
    desk.get("/api/v1/inbox", params={"store": PERSON["phone"]})


def _registered(show, desk):
    """They come to an event as well, by a system and by the public page, and change what they said there."""
    when = ["--starts", "2037-05-01", "--ends", "2037-05-03"]
    commands(
        show.environment, ["events", "add", "--code", "veiled", "--name", "Veiled", *when], ["events", "open", "veiled"]
    )
    for number, one in enumerate((PERSON, OTHER, LATIN, PERSON | {"phone": "1397421"})):
        person = {name: one[name] for name in ("name", "phone", "email")}
        desk.post("/api/v1/events/veiled/registrations", json={"external_id": f"V{number}", "person": person})
    with show.client() as public:
        public.headers.update({"sec-fetch-site": "same-origin", "accept": "text/html"})
        form = on_page(r'name="form" value="([^"]+)"', public.get("/e/veiled").text)
        time.sleep(2.1)
        said = {name: PERSON[name] for name in ("name", "phone", "email")} | {"place": SAID[2], "form": form}
        wrong = public.post("/e/veiled", data=said | {"phone": PERSON["phone"] * 9, "email": ""})
        guest = public.post("/e/veiled", data=said | {"agreed": "share_with_dealer:aito"}).headers["location"]
        consent = {"purpose": "share_with_dealer", "brand": "aito"}
        assert wrong.status_code == 422
        assert public.post(f"{guest}/consents/withdrawal", data=consent).status_code == 303
        assert public.post(f"{guest}/cancellation").status_code == 303


def _brought_in(show, log):
    sheet = log.with_name("desk.csv")
    rows = [
        "登记编号,活动,登记时间,姓名,手机,邮箱,意向车型,意向,同意经销商联系,备注",
        f"X1,成都车展2025,2025-08-31 10:04:00,{PERSON['name']},{PERSON['phone']},{PERSON['email']},问界M9,购车,是,{SAID[0]}",
        f"X2,成都车展2025,不知道 {PERSON['phone']},{OTHER['name']},{OTHER['phone']},,问界M99,购车,是,{SAID[0]}",
        f"X3,成都车展2025,2025-08-31 10:04:00,{PERSON['phone']},{OTHER['name']},,问界M9,购车,也许,{SAID[0]}",
    ]
    sheet.write_text("\n".join(rows), encoding="utf-8")
    commands(show.environment, ["import", str(sheet)], ["import", str(sheet), "--json"], log=log)


def test_the_database_holds_nothing_that_names_a_person(show, lived):
    dump = _dump(show.database)

    assert dump.count(b"\nCOPY ") > 20
    assert b"campaign" in dump
    assert not _found(dump)


def test_no_hash_of_what_was_received_can_be_tried_out(show, lived):
    assert hashlib.sha256(BODY).hexdigest().encode() not in _dump(show.database)


def test_every_row_opened_as_text_and_bytes_holds_nothing_either(show, lived):
    tables = [row[0] for row in asked(show.database, "select tablename from pg_tables where schemaname = 'public'")]
    for table in tables:
        rows = asked(show.database, f'select * from "{table}"')
        values = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()]
        assert not _found(b"\n".join(values)), table


def test_no_log_holds_anything_that_names_a_person(show, lived):
    logs = [show.house.log, lived]
    server = _server_log(show.database)
    for log in (*logs, *([server] if server else [])):
        assert log.stat().st_size > 0
        assert not _found(log.read_bytes()), log.name


def test_the_search_would_find_what_it_looks_for():
    for secret in (PERSON["phone"], PERSON["name"]):
        for hidden in (*_hidings(secret), b"x" + base64.b64encode(b"ab" + secret.encode() + b"c")):
            assert _found(b"... " + hidden + b" ...")


def _found(haystack):
    """Which of the secrets are there, told by their place in the list: a failing test must not print them."""
    haystack = haystack.lower()
    return [
        number
        for number, secret in enumerate(SECRETS)
        # Shorter forms turn up in sealed bytes by chance.
        if any(hidden.lower() in haystack for hidden in _hidings(secret) if len(hidden) >= SHORTEST)
    ]


def _hidings(secret):
    """The forms in which a value would still be readable, or could be looked up by anybody who guesses it."""
    plain = secret.encode()
    for text in (secret, secret[::-1]):
        yield text.encode()
        yield binascii.hexlify(text.encode())
    yield secret.encode("gb18030")
    yield binascii.hexlify(secret.encode("gb18030"))
    yield binascii.hexlify(secret.encode("utf-16-le"))
    yield json.dumps(secret).strip('"').encode()
    # base64 looks different at each of its three offsets; the first and last characters depend on the neighbours.
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + plain)
        yield coded[-(-offset * 4 // 3) : len(coded) - 4]
    for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5):
        yield digest(plain).hexdigest().encode()


def _dump(url):
    # The embedded server's own program: an older one refuses a newer server.
    program = embedded._programs() / "pg_dump"
    embedded._let_through(program)
    done = subprocess.run([str(program), "--dbname", url], capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    pytest.fail(done.stderr.decode()[-500:])


def _server_log(url):
    (folder,) = asked(url, "select setting from pg_settings where name = 'data_directory'")[0]
    log = Path(folder) / "log"
    return log if log.exists() else None
