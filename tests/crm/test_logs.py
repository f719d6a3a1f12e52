"""A log line says where something broke and never what somebody typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STORY = """
import logging
import structlog
from crm import logs

def break_on(typed):
    raise ValueError(typed)

logs.set_up()
log = structlog.get_logger()
log.debug("too_fine")
log.info("lead_taken", lead=7)
try:
    break_on("13788997665")
except ValueError as wrong:
    log.exception("row_failed", row=7)
    log.error("request_failed", exc_info=wrong)
    logging.getLogger("library").exception("it broke")
logging.getLogger("library").info("chatter")
"""


def tell(**environment):
    return subprocess.run(
        [sys.executable, "-c", STORY], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )  # fmt: skip


def test_an_exception_is_told_by_its_kind_and_place_alone():
    told = tell()
    lines = [json.loads(line) for line in told.stderr.splitlines() if line.startswith("{")]

    assert [line["event"] for line in lines] == ["lead_taken", "row_failed", "request_failed"]
    for line in lines[1:]:
        assert line["error"] == "ValueError"
        assert line["where"][-1].endswith("break_on")
    assert "ERROR library it broke" in told.stderr
    assert "13788997665" not in told.stderr
    assert told.stdout == ""


def test_how_much_is_told_is_for_the_operator_to_say():
    assert "too_fine" in tell(MARQUEE_LOG_LEVEL="debug").stderr
    assert "lead_taken" not in tell(MARQUEE_LOG_LEVEL="error").stderr
