from __future__ import annotations

import re

import httpx2
import pytest

from portal.frame.calls import FOUND_FOR, PUBLIC_FOR
from services.portal.tests import district
from services.portal.tests.district import APP, APPLICATION, GRANTED
from services.portal.tests.stage import HOME, Browser, Stage

PAGES = [
    "/",
    "/items",
    "/items?q=x",
    "/items/residence-permit",
    "/items/residence-permit?ward=res_child",
    "/my/applications",
    "/my/applications?ward=res_child",
    "/my/confirmations/app_2",
    "/my/visits/task_1",
    "/my/agreements/app_1",
    "/my/credentials",
    "/my/credentials/crd_1",
    "/my/credentials/crd_1/shown?field=name",
    "/my/accesses",
    "/my/accesses/acc_1/dispute",
    "/my/data",
    "/my/data?ward=res_child",
    "/my/corrections/new?document_type=registration&field=birth_date",
    *(
        f"/my/corrections/new?document_type=x&credential_id=crd_1&field={field}"
        for field in ("name", "parents", "complete", "months", "since")
    ),
    "/my/corrections/new?application_id=app_1&number=2",
    "/my/exports/exp_1",
    "/my/erasures/era_1",
    *(f"/my/applications/app_1/questions/{each['key']}" for each in district.ITEM["form"]),
    "/my/applications/app_1/evidence",
    "/my/applications/app_1/documents/housing",
    "/my/applications/app_1/documents/photo",
    "/my/applications/app_1/check",
    "/my/applications/app_1/withdrawal",
    "/my/applications/app_1/receipt",
    "/my/applications/app_1/progress",
]


@pytest.fixture(autouse=True)
def _answers(stage: Stage) -> None:
    stage.gateway.answers |= district.answers()


@pytest.fixture
async def ann(stage: Stage) -> Browser:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    return browser


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_page_is_shown_and_escapes_whatever_it_is_told(stage: Stage, language: str) -> None:
    browser = stage.browser(language)
    await browser.sign_in("res_ann")
    for path in PAGES:
        page = await browser.go(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path
        assert not re.search(r"""\sstyle=|\son[a-z]+=""", page.text), path


@pytest.mark.parametrize("state", ["in-progress", "returned", "approved", "rejected", "withdrawn"])
async def test_an_application_is_shown_in_every_state(stage: Stage, ann: Browser, state: str) -> None:
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": state, "granted": GRANTED}
    page = await ann.go("/my/applications/app_1")
    assert page.status_code == 200
    assert ("data-live" in page.text) == (state == "in-progress")
    assert ("/resubmission" in page.text) == (state == "returned")
    assert ('name="score"' in page.text) == (state in {"approved", "rejected"})
    withdrawal = (await ann.go("/my/applications/app_1/withdrawal")).text
    assert ('<textarea class="govuk-textarea" id="reason"' in withdrawal) == (state in {"in-progress", "returned"})


async def test_a_page_opened_before_the_credential_is_stored_asks_for_it(stage: Stage, ann: Browser) -> None:
    unstored = {**APPLICATION, "state": "approved", "granted": {**GRANTED, "credential": None}}
    stage.gateway.answers[f"GET {APP}"] = unstored
    page = await ann.go("/my/applications/app_1")
    asks = 'hx-get="/my/applications/app_1/credential"'
    assert asks in page.text
    assert "htmx" in page.text
    assert asks in (await ann.go("/my/applications/app_1/credential")).text
    stage.gateway.answers[f"GET {APP}"] = {**unstored, "granted": GRANTED}
    part = (await ann.go("/my/applications/app_1/credential")).text
    assert 'href="/my/credentials/crd_1"' in part
    assert "hx-get" not in part


async def test_elders_see_fewer_choices(ann: Browser) -> None:
    page = await ann.send("/settings", view="elder")
    assert 'class="elder"' in page.text
    assert '/my/data"' not in page.text


async def test_a_part_that_is_away_leaves_the_rest_and_says_so(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers["GET /v1/credentials"] = 503
    stage.gateway.answers["GET /v1/eligibility"] = 502
    page = await ann.go("/")
    assert page.status_code == 200
    assert "部分内容暂时无法显示" in page.text
    assert "等您处理" in page.text


async def test_a_gateway_that_is_away_is_told_by_a_page(stage: Stage, ann: Browser) -> None:
    stage.gateway.is_away = True
    page = await ann.go("/my/applications")
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "服务暂时不可用" in page.text
    assert "部分内容暂时无法显示" not in page.text


async def test_a_purpose_that_pages_offer_is_read_in_ones_own_language(stage: Stage) -> None:
    browser = stage.browser("en")
    await browser.sign_in("res_ann")
    use = {**district.ACCESS, "purpose": "审核该材料", "sentence": "Health opened a scan: 审核该材料"}
    stage.gateway.answers |= {"GET /v1/accesses": district.page(use), "GET /v1/accesses/acc_1": use}
    for path in ("/my/accesses", "/my/accesses/acc_1/dispute"):
        assert "Health opened a scan: Review of the document" in (await browser.go(path)).text


async def test_an_answer_is_kept_under_the_version_that_was_seen_and_once(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers[f"PATCH {APP}"] = APPLICATION
    await ann.go("/my/applications/app_1/questions/parents?then=check")
    page = await ann.send(parents="李育成\n王芳")
    sent = [each for each in stage.gateway.asked if each.method == "PATCH"]
    assert stage.gateway.bodies(f"PATCH {APP}") == [{"form": {"parents": ["李育成", "王芳"]}}]
    assert sent[0].headers["if-match"] == '"3"'
    assert len(sent[0].headers["idempotency-key"]) >= 20
    assert str(page.url).endswith("/my/applications/app_1/check")


@pytest.mark.parametrize(
    ("key", "typed", "sent"),
    [
        ("rooms", "3", 3),
        ("rooms", "three", "three"),
        ("shared", "true", True),
        ("since", "2026-11-30", "2026-11-30"),
        ("note", "", None),
    ],
)
async def test_answers_are_sent_as_what_they_are(
    stage: Stage, ann: Browser, key: str, typed: str, sent: object
) -> None:
    stage.gateway.answers[f"PATCH {APP}"] = APPLICATION
    await ann.go(f"/my/applications/app_1/questions/{key}")
    await ann.send(**{key: typed})
    assert stage.gateway.bodies(f"PATCH {APP}") == [{"form": {key: sent}}]


@pytest.mark.parametrize("key", ["address", "since", "rooms", "shared", "parents", "kind"])
async def test_a_question_that_must_be_answered_says_so_at_its_field(stage: Stage, ann: Browser, key: str) -> None:
    stage.gateway.answers[f"PATCH {APP}"] = APPLICATION
    await ann.go(f"/my/applications/app_1/questions/{key}?then=check")
    page = await ann.send(**({} if key in {"shared", "kind"} else {key: " \n　"}))
    assert page.status_code == 422
    assert f'<a href="#{key}">请' in page.text
    assert f'id="{key}-error"' in page.text
    assert 'name="then" value="check"' in page.text
    assert stage.gateway.bodies(f"PATCH {APP}") == []


async def test_a_refused_answer_stands_in_the_form_with_what_is_wrong(stage: Stage, ann: Browser) -> None:
    fault = {"pointer": "#/form/address", "code": "x", "detail": "没有这个地址", "action": "请核对"}
    problem = {"status": 422, "title": "未能办理", "errors": [fault]}
    stage.gateway.answers[f"PATCH {APP}"] = lambda request: httpx2.Response(422, json=problem)
    await ann.go("/my/applications/app_1/questions/address")
    page = await ann.send(address="火星路1号")
    assert page.status_code == 422
    assert "火星路1号" in page.text
    assert '<a href="#address">没有这个地址 请核对</a>' in page.text
    assert 'id="address-error"' in page.text
    assert re.search(r"<title>有误：", page.text)


async def test_what_was_typed_comes_back_after_a_sign_in(stage: Stage, ann: Browser) -> None:
    await ann.go("/my/applications/app_1/questions/address")
    stage.store["person-sessions"].documents.clear()
    await ann.send(address="民乐社区3栋")
    page = await ann.pick("res_ann")
    assert str(page.url) == f"{HOME}/my/applications/app_1/questions/address"
    assert "民乐社区3栋" in page.text
    assert "已为您保留" in page.text
    assert stage.gateway.bodies(f"PATCH {APP}") == []
    assert stage.store["kept-forms"].documents == {}


async def test_what_was_typed_is_shown_to_nobody_else(stage: Stage, ann: Browser) -> None:
    await ann.go("/my/applications/app_1/questions/address")
    stage.store["person-sessions"].documents.clear()
    await ann.send(address="民乐社区3栋")
    page = await ann.pick("res_ben")
    assert "民乐社区3栋" not in page.text
    assert stage.store["kept-forms"].documents == {}


async def test_a_form_of_another_site_is_refused_and_not_kept(stage: Stage, ann: Browser) -> None:
    await ann.go("/my/applications/app_1/questions/address")
    page = await ann.send(origin="https://evil.example", address="x")
    assert page.status_code == 403
    assert stage.gateway.bodies(f"PATCH {APP}") == []
    assert stage.store["kept-forms"].documents == {}


async def test_a_form_of_an_earlier_session_of_the_same_person_comes_back(stage: Stage, ann: Browser) -> None:
    form = await ann.go("/my/applications/app_1/questions/address")
    await ann.send("/sign-out")
    await ann.sign_in("res_ann")
    ann.page = form
    page = await ann.send(address="民乐社区3栋")
    assert page.status_code == 200
    assert "民乐社区3栋" in page.text
    assert stage.gateway.bodies(f"PATCH {APP}") == []


async def test_everything_held_is_three_pages_from_an_application(stage: Stage, ann: Browser) -> None:
    eligibility = stage.gateway.answers["GET /v1/items/residence-permit/eligibility"]
    eligibility["documents"] = eligibility["documents"][:1]
    full = dict.fromkeys(("address", "since", "rooms", "shared", "parents", "kind", "note"), "x")
    whole = {**APPLICATION, "form": full, "evidence": []}
    stage.gateway.answers |= {f"GET {APP}": whole, "POST /v1/applications": whole, f"POST {APP}/submission": whole}
    stage.gateway.answers[f"PATCH {APP}"] = whole
    await ann.go("/items/residence-permit")
    page = await ann.send("/items/residence-permit/application", second_party_number="440309199001010013")
    assert str(page.url).endswith("/my/applications/app_1/evidence")
    page = await ann.send(**{"housing/crd_1": "use"})
    assert str(page.url).endswith("/my/applications/app_1/check")
    await ann.send("/my/applications/app_1/submission")
    assert stage.gateway.bodies("POST /v1/applications") == [
        {"item": "residence-permit", "form": {}, "subject_id": "res_child", "second_party_number": "440309199001010013"}
    ]
    assert stage.gateway.bodies(f"PATCH {APP}") == [{"evidence": {"housing": {"crd_1": "use"}}}]


async def test_what_was_begun_is_gone_on_with_unless_another_is_asked_for(stage: Stage, ann: Browser) -> None:
    start, begun = "/items/residence-permit", {**APPLICATION, "state": "draft"}
    other, own = ({**begun, "subject": {"resident_id": each, "name": "x"}} for each in ("res_other", "res_child"))
    stage.gateway.answers |= {
        f"GET /v1{start}": {**district.ITEM, "second_party": None},
        "POST /v1/applications": begun,
    }
    stage.gateway.answers["GET /v1/applications"] = district.page(other)
    assert "/app_1/next" not in (await ann.go(f"{start}?ward=res_child")).text
    stage.gateway.answers["GET /v1/applications"] = district.page(other, own)  # meanwhile, in another tab
    page = await ann.send(f"{start}/application")
    assert page.url.path.startswith("/my/applications/app_1/")
    assert stage.gateway.bodies("POST /v1/applications") == []
    assert 'href="/my/applications/app_1/next"' in (await ann.go(f"{start}?ward=res_child")).text
    await ann.send(f"{start}/application")
    assert len(stage.gateway.bodies("POST /v1/applications")) == 1


async def test_a_question_that_a_declined_record_answered_is_asked_once_more(stage: Stage, ann: Browser) -> None:
    answered = dict.fromkeys(("since", "rooms", "shared", "parents", "kind"), "x")
    whole = {**APPLICATION, "form": answered, "prefilled": []}
    stage.gateway.answers |= {f"GET {APP}": whole, f"PATCH {APP}": whole}
    await ann.go("/my/applications/app_1/evidence")
    page = await ann.send(**{"housing/crd_1": "decline"})
    assert str(page.url).endswith("/my/applications/app_1/questions/address?then=evidence")  # the note is optional
    page = await ann.send(address="民乐社区3栋")
    assert str(page.url).endswith("/my/applications/app_1/documents/photo")


async def test_what_a_page_needs_of_a_known_application_is_asked_at_once_and_its_item_once(
    stage: Stage, ann: Browser
) -> None:
    await ann.go("/my/applications/app_1/questions/address")
    stage.gateway.asked.clear()
    await ann.go("/my/applications/app_1/check")
    calls = {f"{each.method} {each.url.path}?{each.url.query.decode()}" for each in stage.gateway.asked}
    assert calls == {f"GET {APP}?", "GET /v1/items/residence-permit/eligibility?"}
    stage.gateway.answers[f"GET {APP}"] = 404
    assert (await ann.go("/my/applications/app_1/evidence")).status_code == 404


async def test_what_is_public_is_asked_again_after_a_while_and_in_each_language(stage: Stage, ann: Browser) -> None:
    public, now = stage.app.state.frame.public, [0.0]
    public._clock = lambda: now[0]  # noqa: SLF001 - the one place where its time passes
    asked = []
    for now[0] in (0.0, PUBLIC_FOR - 1, PUBLIC_FOR + 1):
        stage.gateway.asked.clear()
        await ann.go("/items")
        asked.append(sorted(each.url.path for each in stage.gateway.asked))
    assert asked == [["/v1/items"], [], ["/v1/items"]]
    await stage.browser("en").go("/items")
    assert len(stage.gateway.asked) == 2


async def test_what_is_found_is_asked_once_a_minute_by_its_words_and_pushes_nothing_else_out(
    stage: Stage, ann: Browser
) -> None:
    frame, now = stage.app.state.frame, [0.0]
    frame.found._clock = lambda: now[0]  # noqa: SLF001 - the one place where its time passes
    await ann.go("/items")
    stage.gateway.asked.clear()
    for now[0], words in ((0.0, "x"), (0.0, " x "), (FOUND_FOR - 1, "x"), (FOUND_FOR - 1, "y"), (FOUND_FOR + 1, "x")):
        await ann.go(f"/items?q={words}")
    asked = [each.url.params["q"] for each in stage.gateway.asked]
    assert asked == ["x", "y", "x"]
    await stage.browser("en").go("/items?q=x")
    assert stage.gateway.asked[-1].headers["accept-language"] == "en"
    frame.found._most = frame.public._most = 3  # noqa: SLF001 - instead of hundreds of pages
    for number in range(4):
        await ann.client.get(f"{HOME}/items?q={number}")
    stage.gateway.asked.clear()
    await ann.go("/items")
    assert stage.gateway.asked == []
    assert len(frame.found._values) == 3  # noqa: SLF001 - its bound


async def test_a_second_party_confirms_what_they_saw(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers["POST /v1/applications/app_2/confirmation"] = {}
    await ann.go("/my/confirmations/app_2")
    await ann.send(answer="confirm")
    assert stage.gateway.bodies("POST /v1/applications/app_2/confirmation") == [
        {"agrees": True, "terms_sha256": "9f" * 32}
    ]


async def test_a_link_that_is_used_up_or_meant_for_another_says_so(stage: Stage, ann: Browser) -> None:
    page = await ann.go("/my/confirmations/app_used")
    assert page.status_code == 200
    assert "没有需要您确认的内容" in page.text


async def test_a_time_for_the_visit_at_the_door_is_chosen_proposed_or_called_off(stage: Stage, ann: Browser) -> None:
    assert "/my/visits/task_1" in (await ann.go("/")).text
    begins, ends = district.SLOT.values()
    typed = {"date-1": "2026-12-01", "begins-1": "14:00", "ends-1": "16:00"}
    for deed, fields, body in (
        ("choice", {"slot": f"{begins}/{ends}"}, district.SLOT),
        ("proposal", typed, district.SLOT),
        ("refusal", {"reason": "出差"}, {"reason": "出差"}),
    ):
        stage.gateway.answers[f"POST /v1/visits/task_1/{deed}"] = {}
        assert "/my/visits/task_1" in (await ann.go("/my/applications/app_1/progress")).text
        await ann.go("/my/visits/task_1")
        page = await ann.send(f"/my/visits/task_1/{deed}", **fields)
        assert page.url.params["done"] == f"visit-{deed}"
        assert stage.gateway.bodies(f"POST /v1/visits/task_1/{deed}") == [body]
        assert stage.gateway.asked[-2].headers["if-match"] == '"3"'
    for deed, field in (("choice", "slot"), ("proposal", "date-1")):
        page = await ann.send(f"/my/visits/task_1/{deed}")
        assert (page.status_code, f'id="{field}-error"' in page.text) == (422, True)


async def test_a_second_phone_can_read_the_link_as_a_code(stage: Stage, ann: Browser) -> None:
    waiting = {"role": "landlord", "name": None, "confirmed_at": None, "declined": False}
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": "in-progress", "second_party": waiting}
    page = await ann.go("/my/applications/app_1")
    assert f"{HOME}/my/confirmations/app_1" in page.text
    assert '<svg viewBox="' in page.text


async def test_what_is_decided_while_the_page_is_open_leads_to_the_result(stage: Stage, ann: Browser) -> None:
    timeline = district.answers()[f"GET {APP}/timeline"]
    assert isinstance(timeline, dict)
    for state, say in {"in-progress": "", "returned": "去更正", "approved": "查看结果", "rejected": "查看结果"}.items():
        stage.gateway.answers[f"GET {APP}/timeline"] = {**timeline, "state": state}
        page = await ann.go("/my/applications/app_1/progress")
        assert ('href="/my/applications/app_1"' in page.text) is bool(say)
        assert say in page.text


async def test_what_government_does_not_hold_is_no_answer_left_out(stage: Stage, ann: Browser) -> None:
    now = [{**APPLICATION["now"][0], "held": None}]
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": "returned", "now": now}
    assert "没有记录" in (await ann.go("/my/applications/app_1")).text


async def test_pages_of_a_child_say_whose_they_are(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers["GET /v1/residents/res_ann/wards"] = district.page({"child_id": "res_child", "name": "小明"})
    for path, says in (("applications", "小明的申请"), ("credentials", "小明的证照"), ("data", "小明的数据")):
        page = await ann.go(f"/my/{path}?ward=res_child")
        assert f'<h1 class="govuk-heading-l">{says}</h1>' in page.text
        assert "的我的" not in page.text
    assert "谁使用了小明的数据" in (await ann.go("/my/accesses?ward=res_child")).text


async def test_an_erasure_waits_by_itself_and_offers_no_button_for_nothing(stage: Stage, ann: Browser) -> None:
    path = "GET /v1/erasures/era_1"
    known = district.answers()[path]
    assert isinstance(known, dict)
    kept = {**known["previews"][0], "erased": []}
    shown = {**known, "state": {"code": "awaiting-confirmation", "name": "W"}, "preview": "p", "previews": [kept]}
    for code, polls in (("previewing", True), ("under-way", True), ("done", False), ("lapsed", False)):
        stage.gateway.answers[path] = {**known, "preview": None, "state": {"code": code, "name": "S"}}
        assert ("every 3s" in (await ann.go("/my/erasures/era_1")).text) is polls
    stage.gateway.answers[path] = shown
    page = await ann.go("/my/erasures/era_1")
    assert "目前没有可以删除的信息" in page.text
    assert "确认删除" not in page.text


async def test_a_resident_registered_this_moment_is_told_to_look_again(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers["GET /v1/eligibility"] = {"items": []}
    assert "刚登记过的" in (await ann.go("/")).text


async def test_home_offers_what_can_be_applied_for_today_and_says_once_that_nothing_is_to_be_brought(
    stage: Stage, ann: Browser
) -> None:
    judged = {
        "verdict": "may",
        "brings_nothing": True,
        "second_party": None,
        "text": "什么都不用带。",
        "promise": "当场办结",
    }
    later = {**judged, "verdict": "may-from", "brings_nothing": False, "text": "2050年起可以申请。"}
    items = [{**each, "item": {"code": "x", "name": "某事"}} for each in (judged, later)]
    stage.gateway.answers["GET /v1/eligibility"] = {"items": items}
    text = (await ann.go("/")).text
    assert text.count("什么都不用带") == 1
    assert "2050年" not in text


async def test_an_only_child_is_chosen_already(stage: Stage, ann: Browser) -> None:
    page = await ann.go("/items/residence-permit")
    assert str(page.url) == f"{HOME}/items/residence-permit?ward=res_child"


async def test_an_id_in_an_address_stays_one_part_of_the_path(stage: Stage, ann: Browser) -> None:
    await ann.go("/my/applications/..%2F..%2Fresidents")
    assert all("/residents" not in each.url.path.removeprefix("/v1/residents/res_ann") for each in stage.gateway.asked)


async def test_a_refusal_offers_to_have_the_record_corrected_whoever_keeps_it(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers[f"GET {district.APP}"] = {**district.APPLICATION, "state": "rejected"}
    page = await ann.go("/my/applications/app_1")
    assert page.text.count("/my/corrections/new?application_id=app_1&amp;number=2") == 1
    assert "number=1" not in page.text
    page = await ann.go("/my/corrections/new?application_id=app_1&number=2")
    assert 'name="should_say" type="radio" value="true"' in page.text
    stage.gateway.answers["POST /v1/corrections"] = {}
    await ann.send("/my/corrections", should_say="true", reason="已接种")
    [body] = stage.gateway.bodies("POST /v1/corrections")
    assert body == {
        "document_type": "vaccination-record",
        "field": "complete",
        "should_say": True,
        "reason": "已接种",
        "resident_id": "res_child",
    }
    for asked in ("", *(f"?application_id=app_1&number={number}" for number in ("0", "1", "3", "x", ""))):
        assert (await ann.go(f"/my/corrections/new{asked}")).status_code == 404, asked


async def test_one_of_many_credentials_is_found_and_told_apart(stage: Stage, ann: Browser) -> None:
    several = {"certificate_number": f"YUE{district.EVIL}", "address": "民乐社区3栋502", "owner_name": "李育成"}
    named = {"certificate_number": "编号", "address": "地址", "owner_name": "权利人"}
    one = {**district.CREDENTIAL, "fields": several, "field_names": named}
    stage.gateway.answers["GET /v1/credentials"] = {"items": [one], "next": None}
    page = await ann.go("/my/credentials")
    assert 'role="search"' not in page.text  # nothing to look through
    assert "编号：YUE&lt;" in page.text
    assert "地址：民乐社区3栋502" in page.text

    stage.gateway.answers["GET /v1/credentials"] = {"items": [one], "next": "more"}
    page = await ann.go("/my/credentials?ward=res_kid&q=3栋")
    assert 'value="3栋"' in page.text
    assert 'name="ward" value="res_kid"' in page.text
    assert "/my/credentials?ward=res_kid&amp;q=3%E6%A0%8B&amp;cursor=more" in page.text
    asked = dict(stage.gateway.asked[-1].url.params), dict(stage.gateway.asked[-2].url.params)
    assert {"holder": "res_kid", "q": "3栋", "limit": "20"} in asked

    stage.gateway.answers["GET /v1/credentials"] = {"items": [], "next": None}
    page = await ann.go("/my/credentials?q=nothing")
    assert "没有找到相符的证照" in page.text
    assert 'href="/my/credentials"' in page.text
