"""A visit: one request with all that a page needs: who it is, in which language, calls to the gateway, the page."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal.frame import cookies, formats
from portal.frame.calls import Away, Calls, GatewayProblem, Prove
from portal.frame.device_key import DeviceKey
from portal.frame.frame import Frame
from portal.frame.person import Session, SignedInPerson
from portal.frame.refusals import by_field, worded
from runtime.texts import Language, written_moment

if TYPE_CHECKING:
    from portal.frame.forms import Form

ValueT = TypeVar("ValueT")

SEE_OTHER = 303
_FAULT = 500


class SessionChanged(Exception):
    """The session is not what was remembered of it; `session` is what it is, None when it has ended."""

    def __init__(self, session: Session | None) -> None:
        super().__init__("ended" if session is None else "renewed")
        self.session = session


@dataclass
class PageVisit:
    """One request. `away` are the parts of the page that could not be had."""

    request: Request
    frame: Frame
    language: Language
    view: str
    browser: str
    secret: str = ""
    session: Session | None = None
    looking: asyncio.Task[Session | None] | None = None
    """Looks the session up, where the page is begun with what was `remembered` of it."""
    remembered: Session | None = None
    prepared: tuple[Session | None, Mapping[str, str], Mapping[str, Any]] | None = None
    """What a page needs of the frame, for the session and the fields with which it was made."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """What the fields of the page's form show: what was typed before."""
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """All of that, where a field has several values."""
    is_restored: bool = False
    """Whether that was kept, over a sign-in or a change of language."""
    is_back: bool = False
    """Whether it was sent and not taken: over a sign-in, or as a service was away."""
    once: str = ""
    """The number under which it was sent; what is sent again under it is done once."""
    base: str = ""
    """The address below which somebody's applications are here; the place says it."""
    presence: str = ""
    """The visit of the person who stands there, where somebody else or a terminal asks for them."""
    can_hand_in: bool = True
    """Whether there are files or a camera here."""
    has_away: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    """What the fields of the page are called, by name: what is wrong with one says so in the summary."""

    @property
    def person(self) -> SignedInPerson | None:
        return self.session.person if self.session else None

    @property
    def call(self) -> Calls:
        """Calls to the gateway as this person."""
        token = self.session.tokens.access if self.session else ""
        request_id = self.request.headers.get("x-request-id", "")
        frame = self.frame
        word = partial(worded, texts=frame.texts, language=self.language)
        return Calls(
            frame.client,
            frame.public,
            self.language,
            token,
            request_id,
            self.presence,
            self._prove(),
            word,
            self.certain,
        )

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

    async def certain(self) -> None:
        """Wait until the session is known not to have ended. Raises SessionChanged, and what `Sessions.find` does."""
        if self.looking is not None:
            try:
                found = await self.looking
            except Exception:
                self.session = None  # what says so is shown to nobody in particular
                raise
            if found is None or self.remembered is None or found.person != self.remembered.person:
                raise SessionChanged(found)

    def ticked(self, name: str, chosen: Sequence[str]) -> Sequence[str]:
        """Return which boxes of a field are ticked: as they were kept, else as `chosen`."""
        return self.kept.get(name, ()) if self.is_restored else chosen

    def _prove(self) -> Prove | None:
        if self.session is None:
            return None
        token, terminal = self.session.tokens.access, self.session.terminal
        if terminal is None:
            own = self.frame.own_key
            return partial(_proof, own, token, "") if self.session.tokens.is_bound else None
        return partial(_proof, DeviceKey(terminal.seed), token, terminal.delegation)

    def t(self, key: str, **params: object) -> str:
        """Return a text of the catalogues."""
        return self.frame.texts.say(self.language, key, **params)

    def day(self, on: date | datetime) -> str:
        return formats.day(on, self.language)

    def moment(self, at: datetime) -> str:
        """Return a moment as people read it, on Shenzhen's clock."""
        return written_moment(self.language, at)

    def staff(self, number: str, department: str = "") -> str:
        """Say which member of the staff: there is no directory, so their department and the number they sign in by."""
        if self.person is not None and number == self.person.subject:
            return self.t("frame.staff.me")
        said = {"number": number, "department": department}
        return self.t("frame.staff.of" if department else "frame.staff.number", **said)

    def label(self, name: str, label: str) -> str:
        """Remember what a field is called; a template writes nothing for it."""
        self.labels[name] = label
        return ""

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
        problem: GatewayProblem | None = None,
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
        text = self.render(template, problem, by_field(problem, fields or {}), **values)
        answer = HTMLResponse(text, problem.status if problem and status == 200 else status)  # noqa: PLR2004 - not set
        answer.headers["Content-Language"] = self.language
        if self.browser != cookies.read(self.request, cookies.BROWSER):
            cookies.write(answer, cookies.BROWSER, self.browser)
        if self.is_restored and answer.status_code < _FAULT:
            cookies.remove(answer, cookies.KEPT)
        return answer

    def prepare(self) -> None:
        """Make what the frame needs of a page on which nothing is wrong, while its calls are under way."""
        self.prepared = self.session, self.filled, self._context(None, {})

    def render(
        self,
        template: str,
        problem: GatewayProblem | None = None,
        faults: Mapping[str, str] = MappingProxyType({}),
        **values: Any,  # noqa: ANN401 - as in `show`
    ) -> str:
        """Render a page, or a part of one for what moves by itself."""
        match self.prepared:
            case session, filled, ready if problem is None and session is self.session and filled is self.filled:
                context = {**ready, **values}
            case _:
                context = {**self._context(problem, faults), **values}
        return self.frame.templates[self.language].get_template(template).render(context)

    def go(self, address: str) -> Response:
        """Send the browser to another page of ours."""
        return RedirectResponse(within(address), SEE_OTHER)

    def _context(self, problem: GatewayProblem | None, faults: Mapping[str, str]) -> dict[str, Any]:
        context: dict[str, Any] = {
            "problem": problem,
            "faults": faults,
            "visit": self,
            "t": self.t,
            "day": self.day,
            "moment": self.moment,
            "language": self.language,
            "elder": self.view == "elder",
            "person": self.person,
            "place": self.frame.place_of(self.request.scope["path"]),
            "filled": self.filled,
            "once": self.once or secrets.token_urlsafe(18),
            "form_token": self.form_token,
            "form_owner": self.owner,
            "has_name": self.frame.texts.has,
        }
        macros = self.frame.templates[self.language].get_template("frame/macros.html")
        context["m"] = macros.make_module(context)  # once for all templates of the page
        return context


def _proof(key: DeviceKey, token: str, delegation: str, method: str, url: str, content: bytes | None) -> str:
    return key.proof(method, url, token, delegation, content=content)


def within(address: str) -> str:
    """Return an address of the portal; any other becomes the first page, so that nobody is led elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_ours = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return address if is_ours and "\\" not in address and address.isprintable() else "/"
