"""What every sender must know, as a table: what is sent, in this order, and how it must be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from conformance.client import BROKER_REFUSES, SILENCE, STORED, UNCHANGED, refused
from conformance.drafts import Drafts
from conformance.messages import DepartmentMessage


@dataclass(frozen=True, slots=True)
class Lesson:
    """One message to send. `name` is that of its texts; `expects` the answer that a right system gives."""

    name: str
    expects: str
    write: Callable[[Drafts], DepartmentMessage]
    is_for_the_city: bool = True


def _other_content(drafts: Drafts, name: str, sequence: int) -> DepartmentMessage:
    return drafts.record(name, sequence, valid_until="2099-12-31")


def _another_body_under_the_first_id(drafts: Drafts) -> DepartmentMessage:
    return _other_content(drafts, "first", 1)


def _half_a_message(drafts: Drafts) -> DepartmentMessage:
    whole = drafts.record("half", 4)
    return DepartmentMessage(whole.id, whole.routing_key, whole.body[: len(whole.body) // 2])


def _without_holder(drafts: Drafts) -> DepartmentMessage:
    data = {name: value for name, value in drafts.publication(4).items() if name != "holder_index"}
    return drafts.ready(drafts.event("no-holder", "published", data))


def _sequence_as_text(drafts: Drafts) -> DepartmentMessage:
    return drafts.ready(drafts.event("number", "published", {**drafts.publication(4), "sequence": "4"}))


def _without_a_field(drafts: Drafts) -> DepartmentMessage:
    return drafts.record("no-field", 4, fields=drafts.fields_without_one)


def _number_for_a_text(drafts: Drafts) -> DepartmentMessage:
    return drafts.record("no-text", 4, fields=drafts.fields_with_a_number_for_a_text)


def _in_anothers_name(drafts: Drafts) -> DepartmentMessage:
    source = "/yizheng/identity"
    return drafts.ready(drafts.event("source", "published", drafts.publication(4), source=source))


def _type_unlike_key(drafts: Drafts) -> DepartmentMessage:
    event = drafts.event("type", "published", drafts.publication(4), type="identity.id-registered.v1")
    return drafts.ready(event, key=drafts.contract.key("published"))


def _foreign_key(drafts: Drafts) -> DepartmentMessage:
    return drafts.ready(drafts.event("key", "published", drafts.publication(4)), key="identity.id-registered.v1")


def _future_version(drafts: Drafts) -> DepartmentMessage:
    key = drafts.contract.key("published").rpartition(".")[0] + ".v99"
    return drafts.ready(drafts.event("version", "published", drafts.publication(4), type=key))


def _person_of_another_record(drafts: Drafts) -> DepartmentMessage:
    """The person's part of a record in another one: what a copyist of messages would try."""
    copied = drafts.event("copied", "published", drafts.publication(4, record_id=f"{drafts.record_id}-other"))
    event, said = drafts.event("person", "published", drafts.publication(4)), copied["data"]
    data = event["data"]
    if isinstance(data, dict) and isinstance(said, dict):
        data["person"] = said["person"]
    return drafts.ready(event)


def _unsigned(drafts: Drafts) -> DepartmentMessage:
    return replace(drafts.record("unsigned", 4), is_to_be_signed=False)


def _withdrawal(drafts: Drafts) -> DepartmentMessage:
    return drafts.ready(drafts.event("withdrawn", "withdrawn", drafts.withdrawal(5)))


LESSONS = (
    Lesson("right-record", STORED, lambda drafts: drafts.record("first", 1)),
    Lesson("same-event-again", SILENCE, lambda drafts: drafts.record("first", 1)),
    Lesson("id-reused", refused("id-reused"), _another_body_under_the_first_id),
    Lesson("same-content-again", UNCHANGED, lambda drafts: drafts.record("again", 1)),
    Lesson("newer-sequence", STORED, lambda drafts: _other_content(drafts, "newer", 3)),
    Lesson("older-sequence", refused("older-than-held"), lambda drafts: drafts.record("older", 2)),
    Lesson("sequence-reused", refused("sequence-reused"), lambda drafts: drafts.record("reused", 3)),
    Lesson(
        "document-type-not-kept",
        refused("document-type-not-kept"),
        lambda drafts: drafts.record("not-kept", 4, document_type=drafts.foreign_type),
        is_for_the_city=False,
    ),
    Lesson(
        "unknown-document-type",
        refused("unknown-document-type"),
        lambda drafts: drafts.record("unknown-type", 4, document_type="library-card"),
    ),
    Lesson(
        "wrong-department",
        refused("wrong-department"),
        lambda drafts: drafts.record("department", 4, department="mayor"),
        is_for_the_city=False,
    ),
    Lesson("missing-field", refused("wrong-schema"), _without_holder),
    Lesson("number-as-text", refused("wrong-schema"), _sequence_as_text),
    Lesson("required-field-left-out", refused("field-missing"), _without_a_field),
    Lesson("number-for-a-text", refused("field-not-text"), _number_for_a_text),
    Lesson("broken-json", refused("not-json"), _half_a_message),
    Lesson("forged-source", refused("wrong-source"), _in_anothers_name),
    Lesson("type-unlike-key", refused("wrong-routing-key"), _type_unlike_key),
    Lesson("person-of-another-record", refused("person-of-another-event"), _person_of_another_record),
    Lesson("not-signed", refused("not-signed"), _unsigned),
    Lesson("foreign-key", BROKER_REFUSES, _foreign_key),
    Lesson("future-version", BROKER_REFUSES, _future_version),
    Lesson("withdrawal", STORED, _withdrawal),
)
