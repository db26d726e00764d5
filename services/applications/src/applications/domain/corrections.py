"""What a return asked to be corrected has to be corrected before the application is submitted again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from applications.domain.application import Application, AskedRequirement, ComparedField, Review
from applications.domain.item import FormField, ServiceItem
from applications.domain.record import Value
from runtime.errors import Refusal, Refusals
from standards import address_text
from standards.document_types import by_type
from standards.normal_form import normal_text

SCANS = "scans"
"""Stands for the scans where a field is named: better ones are asked for."""


def shown_beside(asked: AskedRequirement, field: str) -> ComparedField | None:
    """Return what was claimed and what is held, for an applicant who may see both; None for anything else.

    What is held of the second party is theirs to see, and keys that join records are nobody's.
    """
    known = by_type().get(asked.match.document_type) if asked.match else None
    if (
        asked.match is None
        or asked.holder == "second-party"
        or known is None
        or known.kinds.get(field) in {None, "key"}
    ):
        return None
    return next((each for each in asked.match.fields if each.field == field), None)


def refuse_unchanged(
    application: Application, item: ServiceItem, form: Mapping[str, Value], changed: Collection[str]
) -> None:
    """Refuse a form that answers what was returned as before, without a new scan of that document either.

    `changed` are the requirements of which another value is claimed now; that suffices where no answer was named.
    Raises Refusal, or Refusals for several returns.
    """
    faults = list(_faults(application, item, form, changed))
    if len(faults) > 1:
        raise Refusals(faults)
    if faults:
        raise faults[0]


def _faults(
    application: Application, item: ServiceItem, form: Mapping[str, Value], changed: Collection[str]
) -> Iterator[Refusal]:
    for asked in application.asked:
        if asked.standing != "returned" or asked.review is None or _has_new_scan(application, asked):
            continue
        answer = item.answer_behind(asked.key, asked.review.field or "")
        if answer is None and asked.review.field != SCANS and asked.key in changed:
            continue
        if answer is None:
            yield Refusal("returned-without-scan", field=f"scans/{asked.key}", **_message(asked.review))
        elif _is_as_before(answer, application, form):
            yield Refusal(
                "returned-unchanged",
                field=f"form/{answer.key}",
                label=answer.label.zh_cn,
                label_en=answer.label.en,
                **_message(asked.review),
            )


def _message(review: Review) -> dict[str, str]:
    """Return what the reviewer said, for the texts of either language, which end the sentence themselves."""
    said = review.text or ""
    texts = {"message": said, "message_en": (review.texts or {}).get("en", said)}
    return {name: text.rstrip("。.；;！! ") for name, text in texts.items()}


def _has_new_scan(application: Application, asked: AskedRequirement) -> bool:
    return any(scan.requirement == asked.key and scan.attempt > asked.attempt for scan in application.scans)


def _is_as_before(answer: FormField, application: Application, form: Mapping[str, Value]) -> bool:
    before = application.submitted_form
    plain = address_text.normal if answer.type == "address" else _plain_text
    return before is not None and _plain(before.get(answer.key), plain) == _plain(form.get(answer.key), plain)


def _plain(value: Value | None, plain: Callable[[str], str]) -> object:
    """Leave out what changes nothing: blanks, width, invisible characters; in an address the script and marks, too."""
    if isinstance(value, list):
        return [_plain(each, plain) for each in value]
    return plain(value) if isinstance(value, str) else value


def _plain_text(text: str) -> str:
    return "".join(normal_text(text).split())
