"""Codes of the domain as texts that people read, in one language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel

from applications.domain.application import Application, AskedRequirement, Happening, VisitSlot
from applications.domain.catalogue import Catalogue
from applications.domain.corrections import SCANS, shown_beside
from applications.domain.eligibility import CheckedRequirement
from applications.domain.pending_steps import PendingStep, expected
from applications.domain.reasons import FailureReason, reasons_of
from applications.domain.record import PersonRole, Value
from applications.domain.rules import ItemPromise
from runtime.clock import SHENZHEN
from runtime.texts import Texts, written_day
from standards.disclosure import SMALLEST_GROUP, share
from standards.field_kinds import is_date
from standards.working_days import Calendar


class LabelledCode(BaseModel):
    """A code and its name in the caller's language."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What an applicant answered and what is held, written for people; None: nothing, or not for them to see."""

    claimed: str | None
    held: str | None


@dataclass(frozen=True, slots=True)
class Labels:
    """Says things in one language."""

    language: str
    texts: Texts
    catalogue: Catalogue
    calendar: Calendar

    def say(self, key: str, **params: object) -> str:
        """Say a text of the message catalogue."""
        return self.texts.say(self.language, key, **params)

    def item(self, code: str) -> LabelledCode:
        """Name an item, also one that is no longer in the catalogue."""
        item = self.catalogue.items.get(code)
        return LabelledCode(code=code, name=item.name.say(self.language) if item else code)

    def document(self, code: str) -> LabelledCode:
        found = self.catalogue.document_types.get(code)
        return LabelledCode(code=code, name=found.name.say(self.language) if found else code)

    def documents(self, codes: Iterable[str]) -> list[LabelledCode]:
        """Name several document types."""
        return [self.document(code) for code in codes]

    def department(self, code: str) -> LabelledCode:
        found = self.catalogue.departments.get(code)
        return LabelledCode(code=code, name=found.name.say(self.language) if found else code)

    def department_of(self, item: str) -> str:
        """Return the code of the department that an item belongs to; empty for one that is no longer there."""
        found = self.catalogue.items.get(item)
        return found.department if found else ""

    def field(self, document_type: str, code: str) -> LabelledCode:
        found = self.catalogue.document_types.get(document_type)
        name = found.fields.get(code) if found else None
        return LabelledCode(code=code, name=name.say(self.language) if name else code)

    def answer(self, application: Application, requirement: str | None, document_type: str, code: str) -> LabelledCode:
        """Name what a document's field is compared with as the form does; what is no answer, as the document does."""
        item = self.catalogue.items.get(application.item)
        answer = item.answer_behind(requirement or "", code) if item else None
        if answer is not None:
            return LabelledCode(code=answer.key, name=answer.label.say(self.language))
        return LabelledCode(code=code, name=self.say("scans")) if code == SCANS else self.field(document_type, code)

    def beside(self, application: Application, requirement: str | None, field: str | None) -> Beside:
        """Return both values of a field that did not match, written for people, where the applicant may see them."""
        asked = application.asked_for(requirement or "")
        found = shown_beside(asked, field) if asked and field else None
        return Beside(self.value(found.claimed), self.value(found.held)) if found else Beside(None, None)

    def value(self, value: Value | None) -> str | None:
        """Write a value as people of that language do."""
        if value is None or isinstance(value, bool):
            return None if value is None else self.say(f"values.{str(value).lower()}")
        if isinstance(value, list):
            return self.say("between").join(value)
        return self.day(date.fromisoformat(value)) if isinstance(value, str) and is_date(value) else str(value)

    def source(self, code: str) -> str:
        """Say where a proof came from."""
        return self.say(f"sources.{code}") if self.texts.has(f"sources.{code}") else code

    def role(self, application_item: str, role: PersonRole) -> str:
        """Say who somebody is; a second party has a name of its own in each item."""
        item = self.catalogue.items.get(application_item)
        if role == "second-party" and item is not None and item.second_party is not None:
            return item.second_party.name.say(self.language)
        return self.say(f"roles.{role}")

    def standing(self, asked: AskedRequirement, application: Application) -> str:
        """Say where a document stands; one that was still looked at when the application ended is looked at no more."""
        is_open = asked.standing in {"waiting", "in-review", "returned"}
        return self.say(f"standings.{'dropped' if is_open and application.is_final else asked.standing}")

    def rule(self, checked: CheckedRequirement, item: str) -> str:
        """Say a rule that was checked; an age that counts today is said without the date."""
        counts_now = checked.params.get("by") == ""
        key = f"checked.{checked.code}{'-now' if counts_now else ''}"
        return self.say(key, **{**checked.params, "who": self.role(item, checked.of)})

    def state(self, application: Application) -> str:
        return self.say(f"states.{application.state}")

    def reason(self, reason: FailureReason, application: Application) -> str:
        """Say why something was refused or not proven, with both values where the applicant may see them."""
        document_type = reason.document_type or ""
        said = self.say(
            f"reasons.{reason.code}",
            document=self.document(document_type).name if document_type else "",
            field=self._field_of(reason, application),
            text=self.words(reason),
        )
        both = self._both(self.beside(application, reason.requirement, reason.field))
        return self.say("beside.reason", reason=said, values=both.rstrip("。.")) if both else said

    def _field_of(self, where: FailureReason | PendingStep, application: Application) -> str:
        if where.field is None:
            return ""
        return self.answer(application, where.requirement, where.document_type or "", where.field).name

    def _both(self, beside: Beside) -> str:
        if beside.claimed is None:
            return ""
        key = "beside.both" if beside.held is not None else "beside.claimed"
        return self.say(key, claimed=beside.claimed, held=beside.held or "")

    def words(self, said: FailureReason | Happening | PendingStep) -> str:
        """Say what a person said: in the reader's language where it names a standard reason, else as it was written."""
        return (said.texts or {}).get(self.language) or said.text or self.say("no-reason-given")

    def count(self, count: int | None) -> str:
        """Say a count as it may be told (standards/disclosure.py)."""
        return self.say("counts.few") if count is None else str(count)

    def share(self, part: int, whole: int) -> str:
        """Say a share as it may be told: of the told counts, in words where one side is fewer than five."""
        told = share(part, whole)
        if told is not None:
            return f"{told:.0%}"
        some, rest = part >= SMALLEST_GROUP, whole - part >= SMALLEST_GROUP
        key = "nearly-all" if some else "few" if rest else "all-few"
        return self.say(f"shares.{key}")

    def action(self, reason: FailureReason, application: Application) -> str:
        """Say what the applicant can do about a reason."""
        kind = self.catalogue.document_types.get(reason.document_type or "")
        return self.say(
            f"actions.{reason.code}",
            document=self.document(kind.code).name if kind else "",
            department=self.department(kind.department).name if kind else "",
            field=self._field_of(reason, application),
            who=self.role(application.item, "second-party"),
        )

    def rejection(self, application: Application) -> str:
        """Say that an application was rejected, why, and what its applicant can do about it."""
        reasons = reasons_of(application)
        said = [self.reason(reason, application).rstrip("。.") for reason in reasons]
        actions = dict.fromkeys(self.action(reason, application) for reason in reasons)
        return self.say(
            "timeline.rejected",
            reasons=self.say("reasons-list").join(dict.fromkeys(said)),
            actions=self.say("sentences").join(actions),
        )

    def happening(self, happening: Happening, application: Application) -> str:
        if happening.kind == "rejected":
            return self.rejection(application)
        said = self.say(
            f"timeline.{happening.kind}",
            document=self.document(happening.document_type).name if happening.document_type else "",
            department=self.department(happening.department).name if happening.department else "",
            source=self.source(happening.source) if happening.source else "",
            due_on=self.due(happening.due_on),
            text=self.words(happening).rstrip("。. ") if happening.fields else self.words(happening),
            slots=self.say("list").join(self.slot(each) for each in happening.slots),
        )
        if not happening.fields:
            return said
        named = [self._field_with_values(happening, field, application) for field in happening.fields]
        return self.say("about-fields", said=said, fields=self.say("list").join(named))

    def _field_with_values(self, happening: Happening, field: str, application: Application) -> str:
        """Name a field as the form does, with both values while they are those of the attempt that it is about."""
        requirement, asked = happening.requirement or "", application.asked_for(happening.requirement or "")
        name = self.answer(application, requirement, happening.document_type or "", field).name
        is_current = asked is not None and asked.attempt == happening.attempt
        both = self._both(self.beside(application, requirement, field)) if is_current else ""
        return self.say("field-with-values", field=name, values=both.rstrip("。.")) if both else name

    def whereabouts(self, where: PendingStep, application: Application) -> str:
        """Say who has it now, for what, and by when."""
        document_type = where.document_type or ""
        if where.doing == "done" and application.state == "rejected":
            return self.rejection(application)
        if where.doing == "correcting":
            return self._correcting(where, application)
        now = self.say(
            f"now.{where.doing}",
            document=self.document(document_type).name if document_type else "",
            department=self.department(where.department).name if where.department else "",
            due_on=self.due(where.due_on),
            who=self.role(application.item, "second-party"),
            state=self.state(application),
        )
        visit = application.check.visit if application.check and where.doing == "checking" else None
        if visit is None:
            return now
        slots = visit.offered if visit.state == "offered" else (visit.slot,) if visit.slot else ()
        said = self.say(f"visits.{visit.state}", slots=self.say("list").join(self.slot(each) for each in slots))
        return self.say("sentences").join((now, said))

    def _correcting(self, where: PendingStep, application: Application) -> str:
        """Say what was returned, what was answered and what is held, and what to do next."""
        item = self.catalogue.items.get(application.item)
        is_answer = item is not None and item.answer_behind(where.requirement or "", where.field or "") is not None
        field = self._field_of(where, application)
        parts = (
            self.say(
                "now.correcting",
                document=self.document(where.document_type or "").name,
                field=field,
                text=self.words(where).rstrip("。. "),
            ),
            self._both(self.beside(application, where.requirement, where.field)),
            self.say("next.answer" if is_answer else "next.scan", field=field),
        )
        return self.say("sentences").join(part for part in parts if part)

    def expected(self, application: Application) -> str | None:
        """Say by when an application is done, or with what the promise begins."""
        found, item = expected(application), self.catalogue.items.get(application.item)
        if found is None:
            return None
        in_working_days = item is None or item.promise.working_days is not None
        promised = self.due(found.promised_on) if in_working_days else self.day(found.promised_on)
        return self.say(
            f"expected.{found.kind}",
            promised_on=promised,
            due_on=self.due(found.due_on),
            who=self.role(application.item, "second-party"),
            promise=self.promise(item.promise) if item else "",
        )

    def promise(self, promise: ItemPromise) -> str:
        """Say how long an item takes."""
        if promise.working_days is not None:
            key = "working-day" if promise.working_days == 1 else "working-days"
            return self.say(f"promises.{key}", days=promise.working_days)
        return self.say("promises.days", days=promise.days) if promise.days else self.say("promises.at-once")

    def due(self, day: date | None) -> str:
        """Say the last day of a deadline in working days; provisional while that year's holidays are not published."""
        said = self.day(day)
        return (
            said
            if day is None or not self.calendar.is_provisional(day)
            else self.say("provisional", day=said, year=day.year)
        )

    def slot(self, slot: VisitSlot) -> str:
        """Say a time for a visit, in Shenzhen's time."""
        begins, ends = slot.begins.astimezone(SHENZHEN), slot.ends.astimezone(SHENZHEN)
        return self.say("slot", day=self.day(begins.date()), begins=f"{begins:%H:%M}", ends=f"{ends:%H:%M}")

    def day(self, day: date | None) -> str:
        """Say a day as people of that language write it."""
        return "" if day is None else written_day(self.language, day)
