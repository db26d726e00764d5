"""Who acted: what an event's own words say of it, or else the service or department that published it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from operations.domain.trail import Actor

_PEOPLE = ("reviewer", "officer", "decided_by", "approved_by", "registered_by", "clerk", "by")
"""Fields in which an event names the official who acted, the most telling first."""
_NOBODY = ("automatic", "officer")
"""Words in those fields that name no one: the cause of the event shows who the officer was."""
_RESIDENTS_ACT = ("application-submitted", "application-withdrawn")
"""What only a resident does; the events name whom they concern, so that field alone would not tell."""
_TELLING = (
    "item", "requirement", "document_type", "source", "result", "reason", "department", "community", "escalated_to",
    "origin", "field", "attempt", "due_on", "valid_until", "record_id", "event_id", "code", "path", "sequence",
)  # fmt: skip
"""Fields that say most in a line, in the order in which they are shown."""
_OF_EACH = ("requirement", "document_type", "source")
_MOST_FACTS = 4
_LONGEST_FACT = 60


def event_name(type: str) -> str:  # noqa: A002 - CloudEvents' own word
    """Return an event's name without publisher and version: `match-failed` of `matcher.match-failed.v1`."""
    parts = type.split(".")
    return parts[1] if len(parts) > 1 else type


def who_acted(publisher: str, type: str, data: object, services: Collection[str]) -> Actor:  # noqa: A002 - CloudEvents' name
    """Tell who caused an event: an official, a resident, a department's system, or nobody but the service itself."""
    fields = data if isinstance(data, Mapping) else {}
    department = _text(fields, "department")
    if event_name(type) in _RESIDENTS_ACT and publisher in services:
        applicant = fields.get("applicant")
        return Actor("resident", _text(applicant, "resident_id") if isinstance(applicant, Mapping) else "")
    if publisher not in services:
        return Actor("department", publisher, publisher)
    if approvers := _approvers(fields):
        return Actor("person", approvers[0], department, approvers[1] if len(approvers) > 1 else "")
    for name in _PEOPLE:
        if who := _text(fields, name):
            if who in _NOBODY:
                break
            return Actor("person", who, department, _text(fields, "second_reviewer"))
    return Actor("automatic", publisher)


def facts_of(data: object, placeholder: str) -> dict[str, str]:
    """Pick the few words that tell most of an event; what is masked tells nothing."""
    if not isinstance(data, Mapping):
        return {}
    said = {**_of_documents(data), **data}
    told = {name: _short(said[name]) for name in _TELLING if isinstance(said.get(name), str | int | bool)}
    return {name: text for name, text in list(told.items())[:_MOST_FACTS] if text and placeholder not in text}


def _of_documents(data: Mapping[str, object]) -> dict[str, str]:
    """Return what an event about several requirements says of each, in one line."""
    documents = data.get("documents")
    parts = [each for each in documents if isinstance(each, Mapping)] if isinstance(documents, list) else []
    asked = [each for each in parts if _text(each, "requirement")]
    found = {name: dict.fromkeys(text for each in asked if (text := _text(each, name))) for name in _OF_EACH}
    return {name: ", ".join(texts) for name, texts in found.items() if texts}


def _short(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_FACT else text[: _LONGEST_FACT - 1] + "…"


def _approvers(fields: Mapping[str, object]) -> list[str]:
    """Return everybody whom a list of approvals names, in order."""
    approvals = fields.get("approvals")
    parts = approvals if isinstance(approvals, list) else []
    return [who for part in parts if isinstance(part, Mapping) and (who := _text(part, "reviewer"))]


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
