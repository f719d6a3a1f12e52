"""A person's change of mind, from the source that hears it to the dealer that holds the offer."""

import time

from tests.whole.running import a_lead, consents, eventually, size

PROMISED = 2.0  # seconds


def test_a_withdrawal_reaches_the_dealer_within_two_seconds_without_the_person(show):
    took = []
    for accepted in [False, True] * size(1, full=10):
        body = a_lead(remark="周末有空", contact_preference={"channel": "phone", "note": "晚上打"})
        with show.client("desk") as desk, show.client("D1") as first, show.client("D2") as second:
            lead = desk.post("/api/v1/leads", json=body).json()
            dealer, offer = _offered(lead["id"], first, second)
            if accepted:
                dealer.post(f"/api/v1/inbox/offers/{offer}/acceptance").raise_for_status()

            began = time.monotonic()
            answer = desk.post(f"/api/v1/people/{lead['person_id']}/consents", json=consents("aito", given=False))
            assert (answer.status_code, answer.json()["consents"][0]["given"]) == (201, False)
            eventually(lambda: _types(dealer, lead["id"])[-1:] == ["withdrawn"], within=PROMISED)  # noqa: B023
            took.append(time.monotonic() - began)

            told = dealer.get("/api/v1/inbox", params={"limit": 200}).text
            told = told + dealer.get(f"/api/v1/inbox/offers/{offer}").text
            lines = [item for item in _lines(dealer) if item["offer"]["id"] == offer]
            assert {tuple(item["offer"]["lead"]) for item in lines} == {("id",)}
            for secret in (*body["person"].values(), body["remark"], "晚上打", _masked(body["person"]["phone"])):
                assert secret not in told
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


def _offered(lead, *dealers):
    found = []

    def look():
        for dealer in dealers:
            found.extend((dealer, item["offer"]["id"]) for item in _lines(dealer) if item["offer"]["lead"]["id"] == lead)
        return found

    eventually(look, within=20)
    return found[0]


def _types(dealer, lead):
    return [item["type"] for item in _lines(dealer) if item["offer"]["lead"]["id"] == lead]


def _lines(dealer):
    after, more, lines = 0, True, []
    while more:
        page = dealer.get("/api/v1/inbox", params={"after": after, "limit": 200}).json()
        after, more, lines = page["next"], page["more"], lines + page["items"]
    return lines


def _stands(desk, lead):
    now = desk.get(f"/api/v1/leads/{lead['id']}").json()
    return now["stage"], now["hold"]


def _masked(phone):
    return f"{phone[:3]}****{phone[-4:]}"
