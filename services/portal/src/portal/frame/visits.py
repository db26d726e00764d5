"""A visit: one request with all that a page needs. Who it is, in which language, calls to the gateway, the page itself.

@router.get("/desk/")
async def queues(visit: Annotated[Visit, signed_in(Role.REVIEWER)]) -> Response:
tasks = await visit.call.get("/v1/tasks", Tasks)
return visit.show("desk/queues.html", tasks=tasks)
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from fastapi import Depends
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal.frame import cookies, formats, operators
from portal.frame.calls import Away, Calls, Problem, Prove, PublicAnswers, public_answers
from portal.frame.device_key import DeviceKey, own_key
from portal.frame.kept import Kept
from portal.frame.person import Person, Session
from portal.frame.provider import Provider
from portal.frame.refusals import worded
from portal.frame.sealed import Sealed, new_secret
from portal.frame.sessions import Sessions
from portal.settings import Settings
from runtime.access import Role
from runtime.texts import Language, Texts, of_page

if TYPE_CHECKING:
    from portal.frame.forms import Form, KeptForm
    from portal.frame.place import Place
    from portal.frame.provider import Attempt

ValueT = TypeVar("ValueT")

SEE_OTHER = 303
_FAULT = 500
VIEWS = ("plain", "elder")
"""The usual view, and the one for elders: larger type, fewer choices."""


class SignInNeeded(Exception):
    """The page is for somebody who is signed in."""


class WrongRole(Exception):
    """The page is not for whoever is signed in."""

    def __init__(self, roles: Sequence[Role]) -> None:
        super().__init__(", ".join(roles))
        self.roles = tuple(roles)


@dataclass(frozen=True)
class Frame:
    """What all visits share."""

    settings: Settings
    texts: Texts
    templates: Environment
    places: Sequence[Place]
    client: httpx2.AsyncClient
    provider: Provider
    sessions: Sessions
    attempts: Sealed[Attempt]
    kept_forms: Sealed[KeptForm]
    key: bytes
    public: PublicAnswers = field(default_factory=public_answers)
    begun: Kept[tuple[str, str], tuple[str, str]] = field(default_factory=lambda: Kept(seconds=3600, most=10_000))
    """The item of an application and whom it is for, which never change, by who asked and its id."""

    @cached_property
    def own_key(self) -> DeviceKey:
        """What people's tokens are bound to."""
        return own_key(self.key)

    def place_of(self, path: str) -> Place:
        """Return the place that an address is in; the longest root wins, as `/` holds everything."""
        return max((each for each in self.places if each.holds(path)), key=lambda each: len(each.root))

    def home_of(self, role: Role) -> str:
        """Return where somebody goes who has just signed in."""
        if role is Role.OPERATOR:
            return operators.HOME
        return next((each.root for each in self.places if role in each.roles), "/")

    def keyed(self, *parts: str) -> str:
        """Return a hash of some words that only the portal can make."""
        return hmac.new(self.key, "\n".join(parts).encode(), "sha256").hexdigest()


@dataclass
class Visit:
    """One request. `away` are the parts of the page that could not be had."""

    request: Request
    frame: Frame
    language: Language
    view: str
    browser: str
    secret: str = ""
    session: Session | None = None
    filled: Mapping[str, str] = field(default_factory=dict)
    """What the fields of the page's form show: what was typed before."""
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """All of that, where a field has several values."""
    is_restored: bool = False
    """Whether that was kept, over a sign-in or a change of language."""
    is_back: bool = False
    """Whether it was kept over a sign-in, so that nothing has been sent yet."""
    base: str = ""
    """The address below which somebody's applications are here; the place says it."""
    presence: str = ""
    """The visit of the person who stands there, where somebody else or a terminal asks for them."""
    can_hand_in: bool = True
    """Whether there are files or a camera here."""
    has_away: bool = False

    @property
    def person(self) -> Person | None:
        """Who is signed in."""
        return self.session.person if self.session else None

    @property
    def call(self) -> Calls:
        """Calls to the gateway as this person."""
        token = self.session.tokens.access if self.session else ""
        request_id = self.request.headers.get("x-request-id", "")
        frame = self.frame
        word = partial(worded, texts=frame.texts, language=self.language)
        return Calls(frame.client, frame.public, self.language, token, request_id, self.presence, self._prove(), word)

    @property
    def address(self) -> str:
        """The address of the page, its query included; for what a form was sent to, the page that the form was on."""
        form: Form | None = getattr(self.request.state, "form", None)
        if form is not None and form.has_page:
            return form.page
        asked = self.request.url.query
        return self.request.url.path + (f"?{asked}" if asked else "")

    @property
    def home(self) -> str:
        """The portal's address as this browser knows it; the gateway lets no name in but its own."""
        return f"https://{self.request.headers.get('host', '')}"

    @property
    def form_token(self) -> str:
        """What a form of this session, or of this browser, must carry."""
        return self.frame.keyed("form", self.secret or self.browser)

    @property
    def owner(self) -> str:
        """Whom the forms of this page belong to, without saying who it is; empty for strangers."""
        if self.session is None:
            return ""
        visit = self.session.terminal.presence if self.session.terminal else ""  # at a terminal everybody in their turn
        return self.frame.keyed("owner", self.session.person.subject, visit)

    def ticked(self, name: str, chosen: Sequence[str]) -> Sequence[str]:
        """Return which boxes of a field are ticked: as they were kept, else as `chosen`."""
        return self.kept.get(name, ()) if self.is_restored else chosen

    def _prove(self) -> Prove | None:
        if self.session is None:
            return None
        token, terminal = self.session.tokens.access, self.session.terminal
        if terminal is None:
            own = self.frame.own_key
            return (lambda method, url: own.proof(method, url, token)) if self.session.tokens.is_bound else None
        key = DeviceKey(terminal.seed)
        return lambda method, url: key.proof(method, url, token, terminal.delegation)

    def t(self, key: str, **params: object) -> str:
        """Return a text of the catalogues."""
        return self.frame.texts.say(self.language, key, **params)

    def day(self, on: date | datetime) -> str:
        """Return a day as people read it."""
        return formats.day(on, self.t)

    def moment(self, at: datetime) -> str:
        """Return a moment as people read it, on Shenzhen's clock."""
        return formats.moment(at, self.t)

    def staff(self, number: str, department: str = "") -> str:
        """Say which member of the staff: there is no directory, so their department and the number they sign in by."""
        if self.person is not None and number == self.person.subject:
            return self.t("frame.staff.me")
        said = {"number": number, "department": department}
        return self.t("frame.staff.of" if department else "frame.staff.number", **said)

    async def part(self, asking: Awaitable[ValueT]) -> ValueT | None:
        """Return what a part of the page needs; None when its service is away: the rest is shown all the same."""
        try:
            return await asking
        except Away:
            self.has_away = True
            return None

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        problem: Problem | None = None,
        fields: Mapping[str, str] | None = None,
        filled: Mapping[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - whatever the template needs
    ) -> Response:
        """Render a page. With a `problem` it says what was wrong with the form, and shows `filled` again.

        `fields` leads from the places that the problem names (JSON pointers without `#`) to the form's own fields; by
        default a field is called like the last part of its pointer.
        """
        if filled is not None:
            self.filled = filled
        context = {**self._context(), "problem": problem, "faults": _faults(problem, fields or {}), **values}
        text = self.frame.templates.get_template(template).render(context)
        answer = HTMLResponse(text, problem.status if problem and status == 200 else status)  # noqa: PLR2004 - not set
        answer.headers["Content-Language"] = self.language
        if self.browser != cookies.read(self.request, cookies.BROWSER):
            cookies.write(answer, cookies.BROWSER, self.browser)
        if self.is_restored and answer.status_code < _FAULT:
            cookies.remove(answer, cookies.KEPT)
        return answer

    def render(self, template: str, **values: Any) -> str:  # noqa: ANN401 - as in `show`
        """Render a part of a page, for what moves by itself."""
        return self.frame.templates.get_template(template).render({**self._context(), **values})

    def go(self, address: str) -> Response:
        """Send the browser to another page of ours."""
        return RedirectResponse(within(address), SEE_OTHER)

    def _context(self) -> dict[str, Any]:
        place = self.frame.place_of(self.request.url.path)
        return {
            "visit": self,
            "t": self.t,
            "day": self.day,
            "moment": self.moment,
            "language": self.language,
            "elder": self.view == "elder",
            "person": self.person,
            "place": place,
            "filled": self.filled,
            "once": secrets.token_urlsafe(18),
            "has_name": self.frame.texts.has,
        }


def _faults(problem: Problem | None, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong by field; what belongs to no field stays in the summary only."""
    found: dict[str, str] = {}
    for fault in problem.errors if problem else ():
        pointer = fault.pointer.removeprefix("#")
        name = fields.get(pointer, pointer.rpartition("/")[2])
        if name:
            found.setdefault(name, " ".join(part for part in (fault.detail, fault.action) if part))
    return found


def within(address: str) -> str:
    """Return an address of the portal; any other becomes the first page, so that nobody is led elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_ours = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return address if is_ours and "\\" not in address and address.isprintable() else "/"


async def visit_of(request: Request) -> Visit:
    """Return the visit that a request is, the same for all who ask. Raises ProviderAway."""
    known: Visit | None = getattr(request.state, "visit", None)
    if known is None:
        known = stranger(request)
        secret = cookies.read(request, cookies.SESSION)
        known.session = await known.frame.sessions.find(secret)
        known.secret = secret if known.session else ""
        request.state.visit = known
    return known


def stranger(request: Request) -> Visit:
    """Return a visit of nobody in particular."""
    view = cookies.read(request, cookies.VIEW)
    return Visit(
        request,
        request.app.state.frame,
        language_of(request),
        view if view in VIEWS else VIEWS[0],
        cookies.read(request, cookies.BROWSER) or new_secret(),
    )


def language_of(request: Request) -> Language:
    """Return the language that was chosen, else the one that the browser asks for."""
    return of_page(cookies.read(request, cookies.LANGUAGE), request.headers.get("accept-language"))


Anybody = Annotated[Visit, Depends(visit_of)]
"""A visit that needs nobody to be signed in."""


def signed_in(*roles: Role) -> Any:  # noqa: ANN401 - what FastAPI's Depends returns
    """Build the dependency that gives a visit of somebody with one of these roles.

    Raises SignInNeeded, which leads to the sign-in and back, and WrongRole, which says who may.
    """

    async def visiting(request: Request) -> Visit:
        visit = await visit_of(request)
        if visit.person is None:
            raise SignInNeeded
        if visit.person.role not in roles:
            raise WrongRole(roles)
        return visit

    return Depends(visiting)
