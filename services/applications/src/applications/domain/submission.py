"""Drafting, submitting and resubmitting: what an application asks for, and what has to be asked again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

from applications.domain.application import Application, ApplicationScan, AskedRequirement, Happening
from applications.domain.corrections import refuse_unchanged
from applications.domain.evidence_choices import declined, usable
from applications.domain.expression import Facts, value_of
from applications.domain.form import Form, Prefilled, completed, prefilled
from applications.domain.item import ItemRequirement, ServiceItem
from applications.domain.people import Party, ResidentHoldings
from applications.domain.record import PersonRole, Value
from applications.domain.scans import HandedIn, refuse_unchangeable
from applications.domain.school_year import school_year_of
from runtime.clock import today
from standards.working_days import Calendar

Claims = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Sent:
    """A requirement that goes to the matcher now, with its claims and scans."""

    asked: AskedRequirement
    holder: Party
    claims: Claims
    scans: tuple[ApplicationScan, ...]
    declined: tuple[str, ...] = ()
    """Records of it that must not be compared."""


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What is known beyond the application: what the applicant handed in for others, and what government holds."""

    handed_in: HandedIn
    holdings: Mapping[PersonRole, ResidentHoldings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """A submitted application and what goes out for it."""

    application: Application
    sent: tuple[Sent, ...]


def submit(
    application: Application,
    item: ServiceItem,
    known: KnownFacts,
    *,
    now: datetime,
    calendar: Calendar,
) -> Submission:
    """Submit a draft, or a returned application again.

    Only what is neither proven nor still being looked at is sent, and whatever claims something else than before (a
    proof is worth nothing for values that were changed after it) or has a new scan for whoever is looking at it. A
    confirmation, likewise, ends with the form that was confirmed.
    """
    refuse_unchangeable(application)
    form = completed(item, application.form, defaults_of(application, item, known.holdings, now), today=today(now))
    filled = application.model_copy(update={"form": form, "submitted_form": form, "attempt": application.attempt + 1})
    facts = facts_of(filled, now)
    refuse_unchanged(application, item, form, _claiming_otherwise(application, item, facts))
    sent = tuple(_all_sent(filled, item, facts, known.handed_in))
    submitted = _with_scans(_confirmed_only_for(filled, form), sent).model_copy(
        update={
            "state": "in-progress",
            "submitted_at": application.submitted_at or now,
            "due_on": item.promise.due(today(now), calendar),
            "asked": _asked_now(filled, item, sent),
        }
    )
    return Submission(submitted.noting(Happening(at=now, kind="submitted", attempt=submitted.attempt)), sent)


def submit_second_partys(
    application: Application, item: ServiceItem, handed_in: HandedIn, *, now: datetime
) -> Submission:
    """Send the second party's documents, once that person has confirmed: nobody's data is looked at before."""
    sent = tuple(
        each for each in _all_sent(application, item, facts_of(application, now), handed_in) if _is_second_partys(each)
    )
    return Submission(application.model_copy(update={"asked": _asked_now(application, item, sent)}), sent)


def _is_second_partys(sent: Sent) -> bool:
    return sent.asked.holder == "second-party"


def facts_of(application: Application, now: datetime) -> Facts:
    """Return what paths of the item's data stand for in this application."""
    applied_on = today(application.submitted_at or now)
    return Facts(application.people, application.form, application.reference, school_year_of(applied_on).name)


def defaults_of(
    application: Application, item: ServiceItem, holdings: Mapping[PersonRole, ResidentHoldings], now: datetime
) -> tuple[Prefilled, ...]:
    """Return what answers the form where the applicant doesn't."""
    held = usable(holdings, application.evidence)
    return prefilled(item, facts_of(application, now), held, today=today(now))


def promised_to_others(application: Application, item: ServiceItem) -> date | None:
    """Return the day by which whoever has a part in it must be done, None while the promise has not begun.

    What is promised at once is promised where nobody has to look.
    """
    begun = application.state != "draft" and not application.awaits_confirmation
    return application.due_on if begun and not item.promise.at_once else None


def form_digest(form: Form) -> str:
    """Name a form's content."""
    return _digest(form)


def _all_sent(application: Application, item: ServiceItem, facts: Facts, handed_in: HandedIn) -> list[Sent]:
    sent = []
    for requirement in item.asked:
        holder = application.people.get(requirement.holder)
        if holder is None:  # the second party's, who has not confirmed yet
            continue
        claims = claims_of(requirement, facts)
        refused = declined(application.evidence, item, requirement)
        asked = _ask(requirement, claims, refused, application.attempt)
        before = application.asked_for(requirement.key)
        if not _still_holds(before, asked) or _has_new_scan(application, before):
            scans = _scans_for(application, requirement, holder, handed_in)
            sent.append(Sent(asked, holder, claims, scans, refused))
    return sent


def claims_of(requirement: ItemRequirement, facts: Facts) -> Claims:
    """Return the values that a requirement claims, without those that nobody gave."""
    drawn = {name: value_of(claim, facts, holder=requirement.holder) for name, claim in requirement.claims.items()}
    return {name: value for name, value in drawn.items() if value not in (None, "", [])}


def _ask(requirement: ItemRequirement, claims: Claims, refused: tuple[str, ...], attempt: int) -> AskedRequirement:
    return AskedRequirement(
        key=requirement.key,
        document_types=requirement.any_of,
        holder=requirement.holder,
        attempt=attempt,
        claims_digest=_claimed(claims, refused),
    )


def _unsent(application: Application, requirement: ItemRequirement) -> AskedRequirement:
    """Return a requirement that waits for the second party; no claims of anybody are the same as none."""
    return AskedRequirement(
        key=requirement.key,
        document_types=requirement.any_of,
        holder=requirement.holder,
        attempt=application.attempt,
        claims_digest="",
    )


def _claiming_otherwise(application: Application, item: ServiceItem, facts: Facts) -> set[str]:
    """Return the requirements of which another value is claimed than before."""
    digests = {
        each.key: _claimed(claims_of(each, facts), declined(application.evidence, item, each)) for each in item.asked
    }
    return {asked.key for asked in application.asked if asked.claims_digest != digests.get(asked.key)}


def _still_holds(before: AskedRequirement | None, now: AskedRequirement) -> bool:
    if before is None or before.standing in ("returned", "refused"):
        return False
    return (before.claims_digest, before.document_types) == (now.claims_digest, now.document_types)


def _has_new_scan(application: Application, before: AskedRequirement | None) -> bool:
    """Tell whether a scan was handed in since for what is not proven yet."""
    if before is None or before.standing == "proven":
        return False
    return any(scan.requirement == before.key and scan.attempt == application.attempt for scan in application.scans)


def _scans_for(
    application: Application, requirement: ItemRequirement, holder: Party, handed_in: HandedIn
) -> tuple[ApplicationScan, ...]:
    """Return the newest scans of a requirement; without any, what the applicant handed in for another application."""
    own = [scan for scan in application.scans if scan.requirement == requirement.key]
    if own:
        newest = max(scan.attempt for scan in own)
        return tuple(scan for scan in own if scan.attempt == newest)
    return tuple(
        scan.model_copy(update={"requirement": requirement.key, "attempt": application.attempt})
        for scan in handed_in.of(requirement.any_of, holder.index)
    )


def _with_scans(application: Application, sent: tuple[Sent, ...]) -> Application:
    known = {scan.id for scan in application.scans}
    reused = [scan for each in sent for scan in each.scans if scan.id not in known]
    return application.model_copy(update={"scans": (*application.scans, *reused)})


def _asked_now(application: Application, item: ServiceItem, sent: tuple[Sent, ...]) -> tuple[AskedRequirement, ...]:
    new = {each.asked.key: each.asked for each in sent}
    before = {asked.key: asked for asked in application.asked}
    return tuple(
        new.get(requirement.key) or before.get(requirement.key) or _unsent(application, requirement)
        for requirement in item.asked
    )


def _confirmed_only_for(application: Application, form: Form) -> Application:
    if application.confirmed_form in (None, form_digest(form)):
        return application
    return application.model_copy(update={"confirmed_at": None, "confirmed_form": None})


def _claimed(claims: Claims, refused: tuple[str, ...]) -> str:
    """Name what is claimed: an answer is worth nothing once another value, or another record, is to be compared."""
    return _digest({**claims, "": list(refused)} if refused else claims)


def _digest(values: Mapping[str, Value]) -> str:
    return sha256(json.dumps(dict(values), sort_keys=True, ensure_ascii=False).encode()).hexdigest()
