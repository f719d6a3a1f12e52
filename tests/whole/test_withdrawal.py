"""A person's change of mind, from the source that hears it to the dealer that holds the offer."""

import json
import time

from tests.whole.running import a_lead, consents, eventually, lines, masked, offered, size

PROMISED = 2.0  # seconds


def test_a_withdrawal_reaches_the_dealer_within_two_seconds_without_the_person(show):
    took = []
    for accepted in [False, True] * size(1, full=10):
        body = a_lead(remark="周末有空", contact_preference={"channel": "phone", "note": "晚上打"})
        with show.client("desk") as desk, show.client("D1") as first, show.client("D2") as second:
            lead, dealer, offer = offered(desk, body, first, second)
            if accepted:
                dealer.post(f"/api/v1/inbox/offers/{offer['id']}/acceptance").raise_for_status()

            began = time.monotonic()
            answer = desk.post(f"/api/v1/people/{lead['person_id']}/consents", json=consents("aito", given=False))
            assert (answer.status_code, answer.json()["consents"][0]["given"]) == (201, False)
            eventually(lambda: _told(dealer, offer)[-1]["type"] == "withdrawn", within=PROMISED)  # noqa: B023
            took.append(time.monotonic() - began)

            now, told = dealer.get(f"/api/v1/inbox/offers/{offer['id']}").json(), _told(dealer, offer)
            assert {tuple(seen["lead"]) for seen in (now, *[line["offer"] for line in told])} == {("id",)}
            text = json.dumps([now, told], ensure_ascii=False)
            secrets = (*body["person"].values(), masked(body["person"]["phone"]), body["remark"], "晚上打")
            assert not [secret for secret in secrets if secret in text]
    print(f"withdrawal -> feed: {len(took)} times, longest {max(took):.2f} s")


def test_consent_given_later_releases_the_hold_by_itself(show):
    took = []
    for _ in range(size(2, full=20)):
        body = a_lead(interests=[{"kind": "buy", "brand": "aito"}], consents=[])
        with show.client("desk") as desk:
            lead = desk.post("/api/v1/leads", json=body).json()
            eventually(lambda: _stands(desk, lead) == ("identified", "no_consent"), within=20)  # noqa: B023

            desk.post(f"/api/v1/people/{lead['person_id']}/consents", json=consents("aito")).raise_for_status()

            took.append(eventually(lambda: _stands(desk, lead) == ("offered", None), within=PROMISED))  # noqa: B023
    print(f"consent -> offered: {len(took)} times, longest {max(took):.2f} s")


def _told(dealer, offer):
    return [line for line in lines(dealer) if line["offer"]["id"] == offer["id"]]


def _stands(desk, lead):
    now = desk.get(f"/api/v1/leads/{lead['id']}").json()
    return now["stage"], now["hold"]
