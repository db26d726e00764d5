"""A place of the portal: where it is, whose it is, what its navigation offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute

from portal.frame.pages import PageRoute
from runtime.access import Role


@dataclass(frozen=True)
class Place:
    """One place: `name` is its package in `portal` (with `texts/` and `templates/`), `root` its address.

    `roles` are those who have something to do there; empty for everybody. `navigation` names texts below
    `<name>.navigation` and where they lead.
    """

    name: str
    root: str
    router: APIRouter
    roles: tuple[Role, ...] = ()
    navigation: tuple[tuple[str, str], ...] = ()
    essential: tuple[str, ...] = ()
    """What of the navigation the view for elders keeps; all of it, when nothing is said."""
    silence: int = 0
    """Seconds without a request after which a visit ends, at `<root>end`: a kiosk, without sign-in, with a bar and a
    script of its own, `<name>/bar.html` and `<name>.js`. Zero for places where people sign in themselves."""
    policy: tuple[tuple[str, str], ...] = ()
    """What its pages may load beside what all may: directives of the content security policy, `{reader}` in them."""

    @property
    def folder(self) -> Path:
        """Where its texts and templates are."""
        return Path(__file__).parents[1] / self.name

    def holds(self, path: str) -> bool:
        """Tell whether an address is in this place."""
        return path == self.root.rstrip("/") or path.startswith(self.root)


def router() -> APIRouter:
    """Make the router of a place: its answers, refusals and faults are pages, and no part of the HTTP interface."""
    options: dict[str, Any] = {"route_class": PageRoute, "include_in_schema": False}
    return APIRouter(**options)


def add_routes(to: APIRouter, *routers: APIRouter, prefix: str = "", dependencies: Sequence[Depends] = ()) -> None:
    """Add the routes of routers one by one.

    FastAPI keeps included routers nested and looks through them three times for each request, which took a millisecond.
    """
    for route in (each for router in routers for each in router.routes):
        assert isinstance(route, APIRoute)  # noqa: S101 - a place has no others
        to.add_api_route(
            f"{prefix}{route.path}",
            route.endpoint,
            methods=route.methods,
            dependencies=[*dependencies, *route.dependencies],
            include_in_schema=False,
            route_class_override=PageRoute,
        )
