"""The whole service over HTTP, with a real broker and a real store: what is answered, kept and published."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import orjson

from runtime.clock import today, utc_now
from services.identity.tests.people import MAN
from services.identity.tests.service import CARD, GIRL_AT_WINDOW, MAN_AT_WINDOW, Service
from testkit.leaks import readable_in
from testkit.patience import eventually

EVENTS = Path(__file__).parents[3] / "shared" / "contracts" / "events"
PURPOSE = "窗口受理居住证申请"
REASON = "户籍注销核查中"
PROOF = {"kind": "birth-certificate", "reference": "T440012345"}


def pointers(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(each["pointer"], each["code"]) for each in answer.json()["errors"]}


async def test_it_becomes_ready(service: Service) -> None:
    async def ready() -> httpx.Response | None:
        answer = await service.http.get("/startupz")
        return answer if answer.status_code == 200 else None

    assert (await eventually(ready)).json()["bus"] == {"consumes": True, "publishes": True}


async def test_a_person_is_registered_and_everybody_hears_of_it(service: Service) -> None:
    answer = await service.register(subject="clerk-7")
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    resident = answer.json()
    assert (resident["number"], resident["name"], resident["suspension"]) == ("4****************3", "李育成", None)
    event = await service.next_event()
    assert (event["type"], event["correlationid"]) == ("identity.id-registered.v1", resident["resident_id"])
    assert (event["data"]["resident_id"], event["data"]["sequence"]) == (resident["resident_id"], 1)
    assert MAN not in orjson.dumps(event).decode()


async def test_the_store_never_sees_in_clear_who_somebody_is(service: Service) -> None:
    resident = (await service.register(Idempotency_Key="once")).json()["resident_id"]
    child = (await service.register(GIRL_AT_WINDOW)).json()["resident_id"]
    pair = {"guardian_id": resident, "child_id": child, "relation": "father", "proof": PROOF}
    assert (await service.call("POST", "/v1/guardianships", pair)).status_code == 201
    await service.call("POST", "/v1/lookups", {"number": MAN, "purpose": PURPOSE})
    await service.call("POST", f"/v1/residents/{resident}/suspension", {"reason": REASON})
    secrets = [MAN, CARD["name"], CARD["address"], GIRL_AT_WINDOW["name"], PROOF["reference"], PURPOSE, REASON]
    assert await readable_in(service.database, map(str, secrets)) == []


async def test_the_same_person_again_is_the_same_resident(service: Service) -> None:
    first = await service.register()
    again = await service.register({**MAN_AT_WINDOW, "channel": "terminal"}, role="terminal", subject="terminal-3")
    assert (first.status_code, again.status_code, again.headers["ETag"]) == (201, 200, '"1"')
    assert first.json() == again.json()


async def test_many_windows_at_once_make_one_resident(service: Service) -> None:
    answers = await asyncio.gather(*(service.register() for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 200, 201]
    assert len({answer.json()["resident_id"] for answer in answers}) == 1
    await service.next_event()
    assert (await service.counts())["residents"] == 1


async def test_an_approved_correction_is_seen_made_once_and_told(service: Service) -> None:
    resident = (await service.register()).json()["resident_id"]
    registered = await service.next_event()
    event = orjson.loads((EVENTS / "data-rights.correction-permitted.v1.example.json").read_bytes())
    event["data"]["holder"] = {"resident_id": resident, "index": registered["data"]["holder_index"]}
    event["data"]["until"] = (today(utc_now()) + timedelta(days=30)).isoformat()
    await service.tell(event)
    where = f"/v1/residents/{resident}"

    async def seen() -> list[dict[str, str]] | None:
        answer = await service.call("GET", where, role="resident", subject=resident)
        found: list[dict[str, str]] = answer.json()["corrections"]
        return found or None

    (shown,) = await eventually(seen)
    assert (shown["field"], shown["value"], shown["until"]) == ("name", "李思源", event["data"]["until"])
    right = {**MAN_AT_WINDOW, "name": "李思源"}
    at_terminal = await service.register({**right, "channel": "terminal"}, role="terminal", subject="terminal-3")
    assert pointers(at_terminal) == {("#/name", "correction-says-otherwise")}
    made = await service.register(right)
    assert (made.status_code, made.json()["name"], made.json()["corrections"]) == (200, "李思源", [])
    updated, corrected = await service.next_event(), await service.next_event()
    assert (updated["type"], updated["data"]["name"]) == ("identity.id-updated.v1", "李思源")
    assert corrected["type"] == "identity.registration-corrected.v1"
    assert corrected["data"]["correction_id"] == event["data"]["correction_id"]
    assert (await service.next_event(of_looks=True))["data"]["how"] == "worked-on"
    assert pointers(await service.register()) == {("#/name", "registered-with-other-name")}
    assert await readable_in(service.database, ["李思源"]) == []


async def test_a_day_is_read_only_as_it_is_written(service: Service) -> None:
    days: list[object] = [0, 20150101, 1.5e9, True, "20150101", "2015-01-01T00:00:00Z", "2015-W01-1", "", []]
    for day in days:
        answer = await service.register({**MAN_AT_WINDOW, "valid_from": day})
        assert answer.status_code == 422
        assert pointers(answer) == {("#/valid_from", "day")}
        assert "such as 2026-11-23" in answer.text


async def test_choices_and_bounds_are_told_in_words(service: Service) -> None:
    wrong = {**MAN_AT_WINDOW, "sex": "unknown", "valid_from": "1700-01-01"}
    told = {fault["pointer"]: fault["detail"] for fault in (await service.register(wrong)).json()["errors"]}
    assert told == {"#/sex": "One of: 'male' or 'female'.", "#/valid_from": "Not before 1 January 1850."}


async def test_a_renewed_card_with_a_character_that_names_keep_apart_is_confirmed_at_the_window(
    service: Service,
) -> None:
    resident = (await service.register({**MAN_AT_WINDOW, "name": "李干"})).json()["resident_id"]
    renewed = {**CARD, "name": "李乾", "valid_from": "2026-11-20"}
    refused = await service.call("POST", f"/v1/residents/{resident}/card", renewed)
    assert (refused.status_code, pointers(refused)) == (409, {("#/name", "name-not-confirmed")})
    confirmed = await service.call("POST", f"/v1/residents/{resident}/card", {**renewed, "name_confirmed": True})
    assert (confirmed.status_code, confirmed.json()["name"]) == (200, "李乾")


async def test_everything_wrong_is_told_at_once_and_nothing_is_left_behind(service: Service) -> None:
    wrong = {**MAN_AT_WINDOW, "number": "440309199001010014", "valid_until": "2026-01-01", "community": "nowhere"}
    answer = await service.register(wrong)
    assert answer.status_code == 422
    assert pointers(answer) == {
        ("#/number", "identity-number-check-character"),
        ("#/valid_until", "card-expired"),
        ("#/community", "unknown-community"),
    }
    assert set((await service.counts()).values()) == {0}


async def test_a_repeated_request_gets_the_same_answer_and_another_body_is_refused(service: Service) -> None:
    first = await service.register(Idempotency_Key="k1")
    again = await service.register(Idempotency_Key="k1")
    other = await service.register({**MAN_AT_WINDOW, "name": "王大明"}, Idempotency_Key="k1")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")


async def test_a_renewed_card_is_read_on_the_version_that_was_seen(service: Service) -> None:
    id = (await service.register()).json()["resident_id"]
    renewed = {**CARD, "valid_from": "2026-11-01", "valid_until": "2046-11-01", "address": "深圳市龙华区民治街道1号"}
    answer = await service.call("POST", f"/v1/residents/{id}/card", renewed, If_Match='"1"')
    late = await service.call("POST", f"/v1/residents/{id}/suspension", {"reason": "挂失"}, If_Match='"1"')
    assert (answer.status_code, answer.headers["ETag"], late.status_code) == (200, '"2"', 412)
    assert answer.json()["valid_until"] == "2046-11-01"
    await service.next_event()
    event = await service.next_event()
    assert (event["type"], event["data"]["sequence"]) == ("identity.id-updated.v1", 2)


async def test_suspended_and_reinstated_with_a_reason(service: Service) -> None:
    id = (await service.register()).json()["resident_id"]
    suspended = await service.call("POST", f"/v1/residents/{id}/suspension", {"reason": "本人挂失"})
    twice = await service.call("POST", f"/v1/residents/{id}/suspension", {"reason": "本人挂失"})
    reinstated = await service.call("POST", f"/v1/residents/{id}/reinstatement", {"reason": "证件找回"})
    assert (suspended.status_code, twice.status_code, reinstated.status_code) == (200, 409, 200)
    assert suspended.json()["suspension"]["reason"] == "本人挂失"
    assert reinstated.json()["suspension"] is None
    types = [(await service.next_event())["type"] for _ in range(3)]
    assert types == ["identity.id-registered.v1", "identity.id-suspended.v1", "identity.id-reinstated.v1"]


async def test_a_look_up_shows_a_clerk_the_resident_and_a_terminal_only_the_masked_name(service: Service) -> None:
    await service.register()
    wanted = {"number": MAN, "purpose": PURPOSE}
    clerk = await service.call("POST", "/v1/lookups", wanted)
    terminal = await service.call("POST", "/v1/lookups", wanted, role="terminal")
    nobody = await service.call("POST", "/v1/lookups", {**wanted, "number": "11010519491231002X"})
    assert (clerk.json()["name"], terminal.json()["name"]) == ("李育成", "李*成")
    assert set(terminal.json()) == {"resident_id", "name", "suspended"}
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not-registered")


async def test_a_resident_reads_the_own_data_and_it_is_told_when_a_clerk_does(service: Service) -> None:
    id = (await service.register()).json()["resident_id"]
    without = await service.call("GET", f"/v1/residents/{id}")
    clerk = await service.call("GET", f"/v1/residents/{id}?purpose={PURPOSE}", subject="clerk-7")
    own = await service.call("GET", f"/v1/residents/{id}", role="resident", subject=id)
    assert (without.status_code, without.json()["code"]) == (422, "purpose-missing")
    assert (clerk.headers["ETag"][:3], own.headers["ETag"][:3], clerk.json()) == ('"1-', '"1-', own.json())
    look = await service.next_event(of_looks=True)
    assert look["correlationid"] == id
    assert (look["data"]["by"]["subject"], look["data"]["purpose"]) == ("clerk-7", PURPOSE)


async def test_a_guardian_acts_for_a_child_until_it_is_ended(service: Service) -> None:
    man = (await service.register()).json()["resident_id"]
    girl = (await service.register(GIRL_AT_WINDOW)).json()["resident_id"]
    wanted = {"guardian_id": man, "child_id": girl, "relation": "father", "proof": PROOF}
    made = await service.call("POST", "/v1/guardianships", wanted)
    again = await service.call("POST", "/v1/guardianships", wanted)
    assert (made.status_code, again.status_code) == (201, 200)
    wards = (await service.call("GET", f"/v1/residents/{man}/wards", role="resident", subject=man)).json()
    assert [(ward["child_id"], ward["name"]) for ward in wards["items"]] == [(girl, "李小雨")]
    assert (await service.call("GET", f"/v1/residents/{girl}", role="resident", subject=man)).status_code == 200
    end = f"/v1/guardianships/{made.json()['guardianship_id']}/end"
    assert (await service.call("POST", end, {"reason": "法院判决变更"})).json()["ended"]
    assert (await service.call("GET", f"/v1/residents/{girl}", role="resident", subject=man)).status_code == 403
    events = [await service.next_event() for _ in range(4)]
    assert {event["correlationid"] for event in events[2:]} == {girl}
    assert [(event["type"], event["data"]["sequence"]) for event in events[2:]] == [
        ("identity.guardianship-registered.v1", 1),
        ("identity.guardianship-ended.v1", 2),
    ]


async def test_the_history_is_read_in_pages(service: Service) -> None:
    id = (await service.register()).json()["resident_id"]
    for path, reason in (("suspension", "本人挂失"), ("reinstatement", "证件找回")):
        await service.call("POST", f"/v1/residents/{id}/{path}", {"reason": reason}, subject="clerk-7")
    path = f"/v1/residents/{id}/history?limit=2"
    first = (await service.call("GET", path, role="resident", subject=id)).json()
    rest = (await service.call("GET", f"{path}&cursor={first['next']}", role="resident", subject=id)).json()
    bad = await service.call("GET", f"{path}&cursor=!", role="resident", subject=id)
    assert [step["what"] for step in first["items"] + rest["items"]] == ["registered", "suspended", "reinstated"]
    assert (rest["next"], rest["items"][0]["by"], rest["items"][0]["reason"]) == (None, "clerk-7", "证件找回")
    assert (bad.status_code, bad.json()["code"]) == (422, "bad-cursor")


async def test_a_request_of_the_wrong_shape_names_its_fields(service: Service) -> None:
    answer = await service.register({**MAN_AT_WINDOW, "sex": "unknown", "birth_date": "01/01/1990", "nick": "x"})
    assert answer.status_code == 422
    assert {pointer for pointer, _ in pointers(answer)} == {"#/sex", "#/birth_date", "#/nick"}
