"""What an approval grants: the credential's fields and how long it is valid."""

from __future__ import annotations

import calendar
from datetime import date, datetime

from applications.domain.application import Application, Granted
from applications.domain.expression import Facts, value_of
from applications.domain.item import ItemGrant, ServiceItem
from applications.domain.record import Value
from applications.domain.rules import ByAge, GrantValue, Months, SchoolYearRule, Until, Validity
from applications.domain.school_year import school_year_of
from applications.domain.submission import facts_of
from runtime.clock import today
from standards import age


def granted_by(item: ServiceItem, application: Application, now: datetime) -> Granted | None:
    """Return what the item grants for an application approved now, None if it grants nothing."""
    if item.grants is None:
        return None
    facts = facts_of(application, now)
    valid_from, valid_until = _term(
        item.grants.validity, facts, applied_on=_applied_on(application, now), on=today(now)
    )
    return Granted(
        document_type=item.grants.document_type,
        holder=item.grants.holder,
        fields=_fields(item.grants, facts, today(now)),
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _applied_on(application: Application, now: datetime) -> date:
    return today(application.submitted_at or now)


def _fields(grant: ItemGrant, facts: Facts, on: date) -> dict[str, Value]:
    drawn = {name: _value(value, grant, facts, on) for name, value in grant.fields.items()}
    return {name: value for name, value in drawn.items() if value is not None}


def _value(value: GrantValue, grant: ItemGrant, facts: Facts, on: date) -> Value | None:
    if isinstance(value, ByAge):
        return value.at(age.years(facts.people[value.by_age_of].birth_date, on))
    return value_of(value, facts, holder=grant.holder)


def _term(validity: Validity, facts: Facts, *, applied_on: date, on: date) -> tuple[date, date | None]:
    if isinstance(validity, Months):
        return on, after_months(on, validity.months)
    if isinstance(validity, Until):
        return on, date.fromisoformat(str(value_of(validity.date, facts)))
    if isinstance(validity, SchoolYearRule):
        year = school_year_of(applied_on)
        return year.first, year.last
    return on, None


def after_months(start: date, months: int) -> date:
    """Return the same day so many months later, or the last day of a month that is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
