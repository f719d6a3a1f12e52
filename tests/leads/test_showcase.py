"""The two showcases as the desks recorded them, against what is known of who was who. MARQUEE_FULL=1 takes both files whole."""

import csv
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm import people
from crm.database import transaction
from leads import imports

SHARED = Path(os.environ.get("MARQUEE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
FULL = os.environ.get("MARQUEE_FULL") == "1"

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="needs the showcase files: MARQUEE_SHARED")


async def test_people_of_the_showcases_are_told_apart_and_together():
    truth = _truth()
    for name in ("chengdu_desk_gb18030.csv", "shanghai_desk.csv") if FULL else ("shanghai_desk.csv",):
        _, report = await imports.run((SHARED / name).read_bytes(), source_code="desk", mode="backfill", at=NOW)
        assert report.rows == report.created + report.repeat + report.error

    precision, f1 = _agreement(await _members(), truth)

    print(f"precision {precision:.4f}, F1 {f1:.4f}")
    assert precision >= 0.990
    assert f1 >= 0.85


async def _members() -> dict[str, str]:
    async with transaction():
        return {member.external_id: str(member.person) async for member in people.members()}


def _truth() -> dict[str, str]:
    with (SHARED / "showcase_truth.csv").open(encoding="utf-8", newline="") as file:
        return {row["registration"]: row["true_person"] for row in csv.DictReader(file)}


def _agreement(found: Mapping[str, str], truth: Mapping[str, str]) -> tuple[float, float]:
    """Pairwise precision and F1 over the registrations that were taken in."""
    both = _pairs((found[name], truth[name]) for name in found)
    precision, recall = both / _pairs(found.values()), both / _pairs(truth[name] for name in found)
    return precision, 2 * precision * recall / (precision + recall)


def _pairs(groups: Iterable[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())
