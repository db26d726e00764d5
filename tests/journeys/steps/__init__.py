"""The eight steps of the newcomer's day, in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tests.journeys.day import Day
from tests.journeys.steps.after import look_back, second_parent
from tests.journeys.steps.arriving import file_tenancy, register
from tests.journeys.steps.permit import obtain_permit
from tests.journeys.steps.school import obtain_school_place
from tests.journeys.steps.seniors import grant_senior_card, reject_withdrawn

STEPS: Mapping[str, Callable[[Day], Awaitable[None]]] = {
    "register": register,
    "tenancy": file_tenancy,
    "school": obtain_school_place,
    "permit": obtain_permit,
    "second-parent": second_parent,
    "senior": grant_senior_card,
    "withdrawn": reject_withdrawn,
    "after": look_back,
}
