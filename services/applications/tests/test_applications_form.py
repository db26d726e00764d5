"""Every kind of form field, right and wrong."""

from __future__ import annotations

from datetime import date

import pytest

from applications.domain.form import check_draft
from applications.domain.item import Choice, FormField, ServiceItem
from applications.domain.record import Localised, Value
from runtime.errors import Refusal, Refusals
from services.applications.tests.office import CATALOGUE

TODAY = date(2026, 11, 23)
LABEL = Localised.model_validate({"zh-CN": "标签", "en": "label"})
FIELDS = (
    FormField(key="text", type="text", label=LABEL, max_length=5),
    FormField(key="home", type="address", label=LABEL),
    FormField(key="begins", type="date", label=LABEL),
    FormField(key="ends", type="date", label=LABEL, after="begins", not_past=True),
    FormField(key="count", type="integer", label=LABEL, at_least=1, at_most=9),
    FormField(key="yes", type="boolean", label=LABEL),
    FormField(key="people", type="names", label=LABEL, max_length=4),
    FormField(key="one", type="choice", label=LABEL, choices=(Choice(value="a", label=LABEL),)),
)
ITEM: ServiceItem = CATALOGUE.item("senior-card").model_copy(update={"form": FIELDS})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", "五个字以内"),
        ("home", "民治街道幸福花园3栋503"),
        ("begins", "2026-11-23"),
        ("ends", "2026-11-23"),
        ("count", 9),
        ("yes", False),
        ("people", ["李育成", "王芳"]),
        ("one", "a"),
    ],
)
def test_a_right_answer_is_taken(key: str, value: Value) -> None:
    check_draft(ITEM, {key: value}, today=TODAY)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("text", 5, "form-not-text"),
        ("text", "六个字就太长", "form-too-long"),
        ("home", "-", "form-not-address"),
        ("home", "/", "form-not-address"),
        ("home", "无", "form-not-address"),
        ("home", "梅龙路**号", "form-not-address"),
        ("begins", "2026-02-29", "form-not-date"),
        ("begins", "20261123", "form-not-date"),
        ("begins", 20261123, "form-not-date"),
        ("ends", "2026-11-22", "form-date-past"),
        ("count", 10, "form-out-of-range"),
        ("count", 0, "form-out-of-range"),
        ("count", True, "form-not-integer"),
        ("count", "3", "form-not-integer"),
        ("yes", "yes", "form-not-boolean"),
        ("yes", 1, "form-not-boolean"),
        ("people", "李育成", "form-not-names"),
        ("people", [], "form-not-names"),
        ("people", ["名字太长了吧"], "form-not-names"),
        ("people", ["李"] * 11, "form-not-names"),
        ("one", "b", "form-not-offered"),
        ("other", "b", "form-unknown-field"),
    ],
)
def test_a_wrong_answer_is_named(key: str, value: Value, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_draft(ITEM, {key: value}, today=TODAY)
    assert (refused.value.code, refused.value.field) == (code, f"form/{key}")


def test_dates_come_in_their_order() -> None:
    with pytest.raises(Refusal, match="form-date-order"):
        check_draft(ITEM, {"begins": "2027-01-02", "ends": "2027-01-02"}, today=TODAY)


def test_all_faults_are_named_together() -> None:
    with pytest.raises(Refusals) as refused:
        check_draft(ITEM, {"text": 1, "count": 99}, today=TODAY)
    assert [each.field for each in refused.value.refusals] == ["form/text", "form/count"]
