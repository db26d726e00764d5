from __future__ import annotations

from datetime import timedelta

import pytest

from synthetic.caller import Json, Nothing
from synthetic.numbers import with_check_character
from synthetic.registering import card
from tests.end_to_end.town import Town, refusal

GOOD = with_check_character("44030919900101739")
"""A number that stands nowhere else: the descriptions' own examples are registered by whoever tries them out."""


def _reading(town: Town, **changed: Json) -> dict[str, Json]:
    return {
        "number": GOOD,
        "name": "赵一",
        "sex": "male",
        "birth_date": "1990-01-01",
        "nationality_group": "汉",
        "address": "湖南省衡阳县船山路8号",
        "issuing_authority": "衡阳县公安局",
        "valid_from": "2020-05-06",
        "valid_until": (town.today + timedelta(days=3000)).isoformat(),
        "channel": "window",
        "community": "440309002002",
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": "440309199001010014"}, "identity-number-check-character"),
        ({"number": "440309202102290038", "birth_date": "2021-02-28"}, "identity-number-impossible-date"),
        (
            {"number": with_check_character("44030921000101001"), "birth_date": "2100-01-01"},
            "identity-number-future-date",
        ),
        ({"number": "440309900101001"}, "identity-number-fifteen-digits"),
        ({"number": "４４０３０９１９９００１０１００１３"}, "identity-number-full-width"),
        ({"number": "44030919900101001"}, "identity-number-length"),
        ({"birth_date": "1990-01-02"}, "identity-number-birth-date-differs"),
        ({"sex": "female"}, "identity-number-sex-differs"),
        ({"valid_from": "2009-01-01", "valid_until": "2019-01-01"}, "card-expired"),
        ({"valid_from": "2030-01-01", "valid_until": "2029-01-01"}, "card-validity-reversed"),
        ({"community": "440309009999"}, "unknown-community"),
    ],
)
async def test_a_card_that_cannot_be_is_refused_and_nobody_is_registered(
    town: Town, changed: dict[str, Json], code: str
) -> None:
    problem = await refusal(town.clerk().post("/v1/residents", Nothing, _reading(town, **changed)))
    assert problem.status == 422
    assert code in problem.codes
    assert problem.title
    assert problem.action
    look_up: dict[str, Json] = {"number": GOOD, "purpose": "test"}
    assert (await refusal(town.clerk().post("/v1/lookups", Nothing, look_up))).status == 404


async def test_the_same_number_with_another_name_is_refused_and_says_which(town: Town) -> None:
    made = town.meet("senior")
    await town.welcome(made)
    again = {**card(made.head), "name": "别人", "channel": "window", "community": made.head.community}
    problem = await refusal(town.clerk().post("/v1/residents", Nothing, again))
    assert problem.status == 409
    assert "registered-with-other-name" in problem.codes


async def test_a_field_that_does_not_exist_is_named(town: Town) -> None:
    problem = await refusal(town.clerk().post("/v1/residents", Nothing, _reading(town, colour="blue")))
    assert problem.status == 422
    assert any(fault.pointer == "#/colour" for fault in problem.errors)


async def test_the_same_key_gives_the_same_answer_and_another_body_is_a_conflict(town: Town) -> None:
    made = town.meet("senior")
    body = {**card(made.head), "channel": "window", "community": made.head.community}
    clerk = town.clerk()
    first = await clerk.send("POST", "/v1/residents", body=body, key="key-of-a-window")
    again = await clerk.send("POST", "/v1/residents", body=body, key="key-of-a-window")
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    other = {**body, "address": "别处"}
    problem = await refusal(clerk.send("POST", "/v1/residents", body=other, key="key-of-a-window"))
    assert (problem.status, problem.code) == (409, "idempotency-key-reused")


async def test_a_clear_answer_in_the_callers_language(town: Town) -> None:
    wrong = _reading(town, number="440309199001010014")
    english = await refusal(town.clerk().post("/v1/residents", Nothing, wrong))
    chinese_clerk = town.clerk().speaking("zh-CN")
    chinese = await refusal(chinese_clerk.post("/v1/residents", Nothing, wrong))
    assert english.title.isascii()
    assert not chinese.title.isascii()
    assert english.code == chinese.code
