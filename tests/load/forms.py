"""What people write into the forms: the truth about their household, as far as they know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from synthetic.caller import Json
from synthetic.households import Household

Form = dict[str, Json]


def form_for(item: str, household: Household, today: date) -> Form:
    """Fill in the form of an item."""
    return _FORMS[item](household, today)


def _filing(household: Household, today: date) -> Form:
    return {
        "address": household.home.address,
        "term_from": (today - timedelta(days=10)).isoformat(),
        "term_to": (today + timedelta(days=720)).isoformat(),
        "monthly_rent": 3200,
        "certificate_number": household.property_number,
    }


def _permit(household: Household, _today: date) -> Form:
    return {"address": household.home.address}


def _school(household: Household, _today: date) -> Form:
    form: Form = {
        "address": household.home.address,
        "registered_address": household.home.address,
        "parents": list(household.parents),
        "birth_certificate_number": household.birth_certificate_number,
    }
    return form | _household_number(household)


def _card(household: Household, _today: date) -> Form:
    return {"registered_address": household.home.address}


def _allowance(household: Household, _today: date) -> Form:
    form: Form = {"registered_address": household.home.address, "account_number": household.account_number}
    return form | _household_number(household)


def _household_number(household: Household) -> Form:
    return {"household_number": household.household_number} if household.household_number else {}


_FORMS: Mapping[str, Callable[[Household, date], Form]] = {
    "rental-contract-filing": _filing,
    "residence-permit": _permit,
    "school-enrolment": _school,
    "senior-card": _card,
    "senior-allowance": _allowance,
}
