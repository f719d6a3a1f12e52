"""The spreadsheets of event desks by `marquee import`: twice, and killed half way."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter

from tests.whole.running import PATIENCE, ROOT, a_name, a_phone, asked, commands, eventually, size

HEADER = "登记编号,活动,登记时间,姓名,手机,邮箱,微信unionid,地址,意向车型,意向,同意联盟营销,同意共享给品牌,同意经销商联系,备注"


def a_sheet(path, *, rows):
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        file.write(f"{HEADER}\n")
        for n in range(rows):
            name, phone = a_name(n), a_phone(900_000 + n)
            writer.writerow(
                [
                    f"CD{n:06}",
                    "成都车展2025",
                    "2025-08-31 10:04:00",
                    name,
                    phone,
                    "",
                    "",
                    "成都市武侯区",
                    "问界M9",
                    "购车",
                    *"是是是",
                    "",
                ]
            )
    return path


def test_a_file_brought_in_twice_creates_nothing_the_second_time(fresh_database, tmp_path):
    sheet = a_sheet(tmp_path / "desk.csv", rows=60)
    order = ["import", str(sheet), "--json"]

    told = commands(fresh_database.environment, order, order)

    first, again = [json.loads(line) for line in told]
    assert first == {"rows": 60, "created": 60, "repeat": 0, "error": 0}
    assert again == {"rows": 60, "created": 0, "repeat": 60, "error": 0}


def test_an_import_that_was_killed_is_finished_by_running_it_again(fresh_database, tmp_path):
    rows = size(600, full=4000)
    sheet = a_sheet(tmp_path / "desk.csv", rows=rows)
    cut = []
    for _ in range(size(1, full=8)):
        running = subprocess.Popen(
            [sys.executable, "-m", "app", "import", str(sheet)],
            cwd=ROOT,
            env=fresh_database.environment,
            stderr=subprocess.DEVNULL,
        )
        reached = _rows_in(fresh_database) + 200
        eventually(lambda: _rows_in(fresh_database) >= reached or running.poll() is not None, within=PATIENCE)  # noqa: B023
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        cut.append(_rows_in(fresh_database))

    told, *members = commands(fresh_database.environment, ["import", str(sheet), "--json"], ["people", "members"])

    before = cut[-1]
    assert 0 < before < rows
    assert json.loads(told) == {"rows": rows, "created": rows - before, "repeat": before, "error": 0}
    brought = Counter(row["external_id"] for row in csv.DictReader(members))
    assert brought == {f"CD{n:06}": 1 for n in range(rows)}
    assert _rows_in(fresh_database) == rows
    print(f"killed at {cut} of {rows} rows")


def _rows_in(database):
    return asked(database.url, "select count(*) from submission")[0][0]
