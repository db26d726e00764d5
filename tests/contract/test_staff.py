"""Wherever work goes in the synthetic district, there is somebody to sign in as who does it."""

from __future__ import annotations

from local_stack.provider.people import staff
from review_dispatch.config import Settings, load_district
from standards.communities import codes


def test_every_department_has_a_reviewer_and_every_community_a_grid_officer() -> None:
    district = load_district(Settings().data)
    reviewing = {department for each in staff() if each.role == "reviewer" for department in each.departments}
    walking = {community for each in staff() if each.role == "grid-officer" for community in each.communities}
    assert set(district.routes.departments) - reviewing == set()
    assert set(codes()) - walking == set()
