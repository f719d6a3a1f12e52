"""A house so small that every step in it can be foretold: six leads in Chengdu, one question who is who, a marketer with a password, a store.

Run as a program it fills an empty database and prints the cookies of the people by role.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crm import database, staff
from crm.database import transaction
from crm.roles import Role
from crm.staff import Duty, passwords
from tests.browser.stage import Stage
from tests.cast import another_phone, open_chengdu, registration, send, signed_in, work
from tests.whole import running

LOGIN, PASSWORD = "lin@marquee.test", "a quiet tent at noon"
NAMES = ("王建国", "李娜萌", "杜泽鹏", "赵一鸣", "孙若曦", "周子墨")
ROLES: tuple[Role, ...] = ("alliance_marketer", "store")
ASKED = """
insert into review_task (id, kind, person, other, opened_at)
select gen_random_uuid(), 'possible_same', max(id::text)::uuid, min(id::text)::uuid, $1 from person
"""


@contextmanager
def open_house(environment: Mapping[str, str], database_url: str, *, log: Path) -> Iterator[Stage]:
    """The small house under way on a server of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.browser.small_house"],
        cwd=running.ROOT, env=dict(environment), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-3000:]
    with running.serving(environment, log=log) as house:
        yield Stage(house.url, database_url, json.loads(told.stdout.splitlines()[-1]), {})


async def _tell() -> None:
    await database.open_pool(synchronous_commit="off")
    at = datetime.now(UTC) - timedelta(minutes=2)
    with tempfile.TemporaryDirectory() as folder:
        await open_chengdu(Path(folder))
    people = [{"name": name, "phone": another_phone(number)} for number, name in enumerate(NAMES)]
    await send(*(registration(person=one, captured_at=at.isoformat()) for one in people), at=at)
    await work(at)
    digest = await passwords.make(PASSWORD)
    async with transaction() as connection:
        await connection.execute(ASKED, at)
        await staff.add(
            LOGIN, name="林晓帆", duty=Duty("alliance_marketer"), password_hash=digest, actor="tester", at=at
        )
    cookies = {role: next(cookie.value for cookie in (await signed_in(role)).cookies.jar) for role in ROLES}
    await database.close_pool()
    print(json.dumps(cookies))


if __name__ == "__main__":
    asyncio.run(_tell())
