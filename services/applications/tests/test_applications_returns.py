"""A return names what the form asks, both values, and the next step; submitting again unchanged is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from applications import events, views
from applications.api.application_views import NowView
from applications.api.document_views import ApplicationDocumentView, FailureReasonView
from applications.api.labels import Labels
from applications.domain.pending_steps import pending_steps
from applications.domain.reasons import FailureReason, reasons_of
from applications.domain.record import Value
from applications.handlers import answers, lifecycle
from runtime.errors import Refusal, Refusals
from runtime.texts import Texts
from services.applications.tests.office import CATALOGUE, Office, mismatched, resident_token, review
from standards.working_days import Calendar

ZH, EN = (Labels(language, Texts.of("applications"), CATALOGUE, Calendar.load()) for language in ("zh-CN", "en"))


async def returned(office: Office, id: str, key: str, field: str, **values: Value) -> None:
    """Have a requirement fail to match and be returned for one of its fields."""
    compared = [views.Compared(field=field, result="different", **values)] if values else []
    await office.hears(answers.note_mismatch, mismatched(office.now(id), key, *compared))
    fields = review(office.now(id), key, "returned") | {"field": field, "message": "请核对证上的写法。"}
    await office.hears(answers.note_review_returned, views.ReviewReturned.model_validate(fields))
    assert office.now(id).state == "returned"


async def changes(office: Office, id: str, form: Mapping[str, Value | None]) -> None:
    by = resident_token(office.now(id).applicant_id)
    office.commits(await lifecycle.change(id, lifecycle.ApplicationChange(form), by, office.deps, if_match=None))


def now(office: Office, id: str, wording: Labels) -> NowView:
    application = office.now(id)
    return NowView.of(pending_steps(application)[0], application, wording)


async def test_every_document_is_sent_with_the_answers_that_it_compares_under_their_names_in_the_form(
    office: Office,
) -> None:
    await office.enrols()
    sent = {event.requirement: event for event in office.sent()}
    assert sent["guardian-id-card"].answers == []
    assert [(it.field, it.key, it.label["zh-CN"]) for it in sent["status"].answers or ()] == [
        ("household_number", "household_number", "户号"),
        ("address", "registered_address", "户口本或居住证上的地址"),
    ]
    item = CATALOGUE.item("school-enrolment")
    for event in sent.values():
        for answer in event.answers or ():
            field = next(each for each in item.form if each.key == answer.key)
            assert answer.label == {"zh-CN": field.label.zh_cn, "en": field.label.en}


async def test_the_resident_reads_the_forms_own_name_both_values_and_the_next_step(office: Office) -> None:
    id = await office.enrols()
    await returned(office, id, "status", "address", claimed="梅龙路12号", held="梅龙路21号")
    shown, english = now(office, id, ZH), now(office, id, EN)
    assert shown.field is not None
    assert (shown.field.code, shown.field.name) == ("registered_address", "户口本或居住证上的地址")
    assert (shown.claimed, shown.held) == ("梅龙路12号", "梅龙路21号")
    for part in ("户口本或居住证上的地址", "梅龙路12号", "梅龙路21号", "请核对证上的写法。", "重新提交"):
        assert part in shown.text
    assert "。。" not in shown.text
    assert "submit again" in english.text
    asked = office.now(id).asked_for("status")
    assert asked is not None
    [failure] = ApplicationDocumentView.of(asked, office.now(id), ZH).failures
    assert failure.field == shown.field
    assert "梅龙路21号" in failure.text


async def test_what_is_held_of_the_landlord_is_not_shown_to_the_tenant(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    await returned(office, id, "landlord-property", "address", claimed="梅龙路12号", held="梅龙路21号")
    shown = now(office, id, ZH)
    assert (shown.claimed, shown.held) == (None, None)
    assert "梅龙路21号" not in shown.text


async def test_a_key_that_joins_records_is_never_shown(office: Office) -> None:
    id = await office.enrols()
    await returned(office, id, "guardian-id-card", "number", claimed="9f" * 32, held="7c" * 32)
    assert "9f9f" not in now(office, id, ZH).text + now(office, id, EN).text


@pytest.mark.parametrize("again", ["", "blanks", "script", "another answer"])
async def test_submitting_again_without_changing_what_was_returned_is_refused_and_says_what(
    office: Office, again: str
) -> None:
    id = await office.enrols()
    written = str(office.now(id).form["registered_address"])
    await returned(office, id, "status", "address")
    if again == "blanks":
        await changes(office, id, {"registered_address": f" {written[:3]} {written[3:].replace('1', '１')}\u200b"})
    elif again == "script":
        marked = written.replace("深圳", "，深圳").replace("东", "東").replace("龙华区", "龍華區").replace("栋", "棟")
        assert marked != written
        await changes(office, id, {"registered_address": marked})
    elif again:
        await changes(office, id, {"address": "别处1号"})
    with pytest.raises(Refusal, match="returned-unchanged") as refused:
        await office.submits(id)
    assert refused.value.field == "form/registered_address"
    assert refused.value.params["label"] == "户口本或居住证上的地址"
    assert not str(refused.value.params["message"]).endswith("。")
    assert office.now(id).state == "returned"
    await changes(office, id, {"registered_address": f"{written}3栋"})
    await office.submits(id)
    assert office.now(id).state == "in-progress"


async def test_a_new_scan_of_that_document_answers_a_return_too_and_one_of_another_does_not(office: Office) -> None:
    id = await office.enrols()
    await returned(office, id, "status", "address")
    office.hands_in(id, "housing")
    with pytest.raises(Refusal, match="returned-unchanged"):
        await office.submits(id)
    office.hands_in(id, "status")
    await office.submits(id)


@pytest.mark.parametrize("field", ["scans", "child_name"])
async def test_a_return_of_a_document_asks_for_a_new_scan(office: Office, field: str) -> None:
    id = await office.enrols()
    await returned(office, id, "vaccination", field)
    assert "扫描件" in now(office, id, ZH).text
    await changes(office, id, {"address": "别处1号"})
    with pytest.raises(Refusal, match="returned-without-scan"):
        await office.submits(id)
    office.hands_in(id, "vaccination")
    await office.submits(id)


async def test_all_that_is_unchanged_is_said_together(office: Office) -> None:
    id = await office.enrols()
    await returned(office, id, "status", "address")
    await returned(office, id, "birth-certificate", "parents")
    with pytest.raises(Refusals) as refused:
        await office.submits(id)
    assert {each.field for each in refused.value.refusals} == {"form/registered_address", "form/parents"}


def _fields() -> list[tuple[str, str, str, str]]:
    return [
        (item.code, requirement.key, kind, field)
        for item in CATALOGUE.items.values()
        for requirement in item.asked
        for kind in requirement.any_of
        for field in (*requirement.claims, "scans")
        if field == "scans" or field in CATALOGUE.document_types[kind].fields
    ]


async def test_no_field_that_is_returned_or_differs_is_shown_by_its_key(office: Office) -> None:
    """Every field of every requirement of every item, and the scans, in both languages."""
    application = office.now(await office.enrols())
    for item, requirement, kind, field in _fields():
        asked = application.model_copy(update={"item": item})
        for wording in (ZH, EN):
            name = wording.answer(asked, requirement, kind, field).name
            assert "_" not in name
            assert wording is EN or name != field


async def test_a_standard_reason_is_read_in_the_applicants_language(office: Office) -> None:
    id = await office.enrols()
    failed = mismatched(office.now(id), "status")
    await office.hears(answers.note_mismatch, failed)
    texts = {"zh-CN": "扫描件模糊。第2页", "en": "The scan is blurred. 第2页"}
    fields = review(office.now(id), "status", "returned") | {
        "field": "scans",
        "message": texts["zh-CN"],
        "texts": texts,
    }
    await office.hears(answers.note_review_returned, views.ReviewReturned.model_validate(fields))
    application = office.now(id)
    for wording, said, other in ((ZH, texts["zh-CN"], texts["en"]), (EN, texts["en"], texts["zh-CN"])):
        shown = now(office, id, wording).text
        assert said in shown
        assert other not in shown
        assert any(said in wording.happening(each, application) for each in application.history)
    [event] = office.events(events.ApplicationReturned)
    assert (event.message, event.texts) == (texts["zh-CN"], texts)
    by = resident_token(application.applicant_id)
    with pytest.raises(Refusal) as refused:
        await lifecycle.submit(id, by, office.deps, if_match=None)
    assert refused.value.params == {"message": texts["zh-CN"], "message_en": texts["en"]}


async def rejected(office: Office, id: str, key: str, *fields: str, **values: Value) -> None:
    """Have a requirement fail to match and be rejected for some of its fields."""
    compared = [views.Compared(field=fields[0], result="different", **values)] if values else []
    await office.hears(answers.note_mismatch, mismatched(office.now(id), key, *compared))
    said = review(office.now(id), key, "rejected") | {
        "reason": "与原件不符。",
        "fields": [{"field": field, "form_field": None} for field in fields],
    }
    await office.hears(answers.note_review_rejected, views.ReviewRejected.model_validate(said))
    assert office.now(id).state == "rejected"


@pytest.mark.parametrize("wording", [ZH, EN], ids=["zh-CN", "en"])
async def test_a_rejection_names_the_forms_own_field_both_values_and_the_next_step_wherever_it_is_read(
    office: Office, wording: Labels
) -> None:
    id = await office.enrols()
    await rejected(office, id, "status", "address", claimed="梅龙路12号", held="梅龙路21号")
    application = office.now(id)
    form = CATALOGUE.item(application.item).form
    [label] = [field.label.say(wording.language) for field in form if field.key == "registered_address"]
    lines = {each.kind: wording.happening(each, application) for each in application.history}
    for text in (lines["review-rejected"], lines["rejected"], now(office, id, wording).text):
        for part in (label, "梅龙路12号", "梅龙路21号", "与原件不符"):
            assert part in text
        assert "registered_address" not in text
        assert "。。" not in text
        assert ".." not in text
    asked = application.asked_for("status")
    assert asked is not None
    [said] = [reason for reason in reasons_of(application) if reason.code == "field-rejected"]
    shown = FailureReasonView.of(said, application, wording)
    assert (shown.claimed, shown.held) == ("梅龙路12号", "梅龙路21号")
    assert shown.field is not None
    assert (shown.field.code, shown.field.name) == ("registered_address", label)
    assert label in shown.action
    assert shown.correctable is not None  # by the names of the record, not of the form
    asked_of = (shown.correctable.document_type.code, shown.correctable.field.code, shown.correctable.resident_id)
    assert asked_of == ("household-register", "address", application.applicant_id)
    others = [FailureReason(code="field-different", requirement="status", document_type="id-card", field="number")]
    others += [replace(said, code="field-expired"), replace(said, code="scans-rejected", field=None)]
    assert {FailureReasonView.of(each, application, wording).correctable for each in others} == {None}
    [event] = office.events(events.ApplicationRejected)
    assert [(reason.code, reason.field) for reason in event.reasons] == [
        ("review-rejected", None),
        ("field-rejected", "address"),
    ]


async def test_a_rejection_shows_nothing_of_what_is_held_of_the_landlord_and_names_scans_as_such(
    office: Office,
) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    await rejected(office, id, "landlord-property", "address", "scans", claimed="梅龙路12号", held="梅龙路21号")
    application = office.now(id)
    for wording, scans in ((ZH, "扫描件"), (EN, "scans")):
        for each in application.history:
            assert "梅龙路21号" not in wording.happening(each, application)
        assert scans in now(office, id, wording).text


async def test_an_earlier_return_in_the_timeline_names_its_field_without_the_values_of_a_later_attempt(
    office: Office,
) -> None:
    id = await office.enrols()
    await returned(office, id, "status", "address", claimed="梅龙路12号", held="梅龙路21号")
    written = str(office.now(id).form["registered_address"])
    await changes(office, id, {"registered_address": f"{written}3栋"})
    await office.submits(id)
    compared = views.Compared(field="address", result="different", claimed="梅龙路99号", held="梅龙路21号")
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "status", compared))
    application = office.now(id)
    [line] = [ZH.happening(each, application) for each in application.history if each.kind == "review-returned"]
    assert "户口本或居住证上的地址" in line
    assert "梅龙路99号" not in line
