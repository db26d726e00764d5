"""A place of the portal: where it is, whose it is, what its navigation offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from portal.frame.pages import PageRoute
from web.auth import Role


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


class Addresses(BaseRoute):
    """Routes by the first part of their address and the number of its parts: a request is compared with few of them."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        """Take routes without a `path` parameter, which any number of parts can stand for."""
        self._routes: dict[tuple[str, int], list[APIRoute]] = {}
        for route in routes:
            assert isinstance(route, APIRoute)  # noqa: S101 - a place has no others
            self._routes.setdefault(_shape(route.path), []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route; one of the same address for another method only where there is no better one."""
        found: tuple[Match, Scope] = Match.NONE, {}
        for route in self._find(scope["path"]) if scope["type"] == "http" else ():
            match, details = route.matches(scope)
            if match is Match.FULL:
                return match, details
            if found[0] is Match.NONE:
                found = match, details
        return found

    def has_page(self, path: str) -> bool:
        """Tell whether there is a page at an address."""
        return any("GET" in (route.methods or ()) for route in self._find(path))

    def page_above(self, path: str) -> str | None:
        """Return the nearest page above an address that takes forms only; None for one that takes none."""
        if not self._find(path):
            return None
        while path != "/":
            path = path.rstrip("/").rpartition("/")[0] or "/"
            if found := next((above for above in (path, f"{path}/") if self.has_page(above)), None):
                return found
        return path

    def _find(self, path: str) -> list[APIRoute]:
        return [each for each in self._routes.get(_shape(path), ()) if each.path_regex.match(path)]

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the route that was found."""
        route: APIRoute = scope["route"]
        await route.handle(scope, receive, send)


def _shape(path: str) -> tuple[str, int]:
    first = path[1:].partition("/")[0]
    return first, path.count("/")
