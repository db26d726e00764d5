"""What came with a form: checked for its origin, and never lost when the session has ended meanwhile."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated
from unicodedata import normalize
from urllib.parse import quote, urlsplit

from fastapi import Depends
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.frame import cookies
from portal.frame.sealed import new_secret
from portal.frame.visitors import visit_of
from portal.frame.visits import SEE_OTHER, PageVisit, within
from runtime.clock import utc_now

TOKEN, OWNER, PAGE, ONCE = "form-token", "form-owner", "form-page", "form-once"
_OURS = frozenset({TOKEN, OWNER, PAGE, ONCE})
KEPT_FOR = timedelta(hours=1)
_IN_MEMORY = 48 * 1024 * 1024
"""Bytes of a form with files; the gateway lets no larger one through."""
_MOST_KEPT = 100_000
"""Characters of a form that are kept over a sign-in; more than the longest form has."""

_PART_OF_DAY = re.compile(r"(\d+)\D?")
_WHOLE_DAY = re.compile(r"(\d{4})(?:\D(\d{1,2})\D(\d{1,2})|(\d{2})(\d{2}))\D?")
"""A day in one go: 2026-2-1, 20260201, with any sign or word between and behind."""


class FormExpired(Exception):
    """The form is not of this session, or not ours; what was typed goes on standing in it."""


class KeptForm(BaseModel):
    """What was typed into a form of a page, and who typed it (empty for strangers).

    Kept over a sign-in when the form was sent after the session had ended, or over a change of language or view.
    """

    model_config = ConfigDict(frozen=True)
    page: str
    owner: str
    fields: dict[str, tuple[str, ...]]
    was_sent: bool = True
    once: str = ""
    """The number under which it was sent: perhaps it arrived all the same."""


@dataclass(frozen=True)
class Form:
    """The fields of a form that was sent."""

    fields: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[UploadFile]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field, as it was typed but for spaces around it; empty when there is none."""
        values = self.fields.get(name, ())
        return values[0].strip() if values else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all that was chosen of a field."""
        return tuple(self.fields.get(name, ()))

    def uploads(self, name: str) -> tuple[UploadFile, ...]:
        """Return the files of a field; a field that was left empty has none."""
        return tuple(each for each in self.files.get(name, ()) if each.filename)

    @property
    def once(self) -> str:
        """The form's own number: what is done under it is done once, however often the form is sent."""
        return self.text(ONCE)

    @property
    def has_page(self) -> bool:
        """Whether it says which page it was on."""
        return bool(self.text(PAGE))

    @property
    def page(self) -> str:
        return within(self.text(PAGE))

    @property
    def filled(self) -> dict[str, str]:
        """What to show again when the form is refused."""
        return {name: values[0] for name, values in self.typed.items()}

    @property
    def typed(self) -> dict[str, Sequence[str]]:
        """All that was typed and chosen, without what is the frame's own."""
        return {name: values for name, values in self.fields.items() if values and name not in _OURS}


async def read(request: Request) -> Form:
    """Read a form; the same for all who ask."""
    known: Form | None = getattr(request.state, "form", None)
    if known is None:
        known = _form(await _parsed(request))
        request.state.form = known
    return known


async def close(request: Request) -> None:
    """Let go of the files of a form that was read."""
    form: Form | None = getattr(request.state, "form", None)
    for file in (each for files in (form.files.values() if form else ()) for each in files):
        await file.close()


async def _parsed(request: Request) -> FormData:
    """Parse a form; what people hand in stays in memory, and is never written to this process's disk."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.form(max_fields=1000)
    parser = MultiPartParser(request.headers, request.stream(), max_files=20, max_fields=1000)
    parser.spool_max_size = _IN_MEMORY
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400) from error


def _form(sent: FormData) -> Form:
    fields: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
        else:
            files.setdefault(name, []).append(value)
    _join_days(fields)
    return Form(fields, files)


def _join_days(fields: dict[str, list[str]]) -> None:
    """Put a day's three fields together, as in ISO 8601 if it is one. One field may hold all of it, as when pasted."""
    for name in [each.removesuffix("-year") for each in fields if each.endswith("-year")]:
        names = [f"{name}-{part}" for part in ("year", "month", "day")]
        if not all(each in fields for each in names):
            continue
        parts = [normalize("NFKC", fields.pop(each)[0]).strip() for each in names]
        typed = [each for each in parts if each]
        whole = _WHOLE_DAY.fullmatch(typed[0]) if len(typed) == 1 else None
        year, *rest = [each for each in whole.groups() if each] if whole else map(_digits, parts)
        fields[name] = ["-".join([year, *(each and each.zfill(2) for each in rest)]) if typed else ""]


def _digits(typed: str) -> str:
    """Return a year, month or day without its word behind; as it was typed where it is none."""
    found = _PART_OF_DAY.fullmatch(typed)
    return found.group(1) if found else typed


async def _checked(request: Request) -> Form:
    visit, form = await visit_of(request), await read(request)
    if not comes_from_us(request) or not hmac.compare_digest(visit.form_token.encode(), form.text(TOKEN).encode()):
        raise FormExpired
    return form


Sent = Annotated[Form, Depends(_checked)]
"""A form of ours, of this session. Name it after the visit, so that a missing sign-in is noticed first."""


def comes_from_us(request: Request) -> bool:
    """Tell whether the browser says that a form is from our own pages. All browsers of today say it of a POST."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    return urlsplit(origin).netloc == request.headers.get("host")


async def keep(request: Request, sign_in: str) -> Response:
    """Keep what was typed into a form that nobody is signed in for any more; lead to the sign-in and back to it.

    `sign_in` is the address of the sign-in, to which the page to come back to is added.
    """
    form = await read(request)
    answer = RedirectResponse(sign_in + (quote(form.page, safe="") if sign_in else form.page), SEE_OTHER)
    await keep_sent(request, answer)
    return answer


async def keep_sent(request: Request, answer: Response) -> None:
    """Keep what was typed into a form that was sent and could not be taken; its page shows it again."""
    visit: PageVisit = request.state.visit
    form = await read(request)
    if comes_from_us(request) and form.text(OWNER):
        fields = _values(form.typed)
        await _put(visit, KeptForm(page=form.page, owner=form.text(OWNER), fields=fields, once=form.once), answer)


async def keep_typed(visit: PageVisit, form: Form, answer: Response, *, but: Collection[str]) -> None:
    """Keep what was typed into a form, all `but` some fields, while its page is shown in another way."""
    typed = _values({name: values for name, values in form.typed.items() if name not in but})
    if typed:
        await _put(visit, KeptForm(page=form.page, owner=visit.owner, fields=typed, was_sent=False), answer)


async def _put(visit: PageVisit, kept: KeptForm, answer: Response) -> None:
    if sum(len(value) for values in kept.fields.values() for value in values) > _MOST_KEPT:
        return
    secret = new_secret()
    await visit.frame.kept_forms.put(secret, kept, utc_now() + KEPT_FOR)
    cookies.write(answer, cookies.KEPT, secret, seconds=int(KEPT_FOR.total_seconds()))


async def restore(visit: PageVisit) -> None:
    """Fill the page's form with what was kept of it, if it was the same person who typed it."""
    secret = cookies.read(visit.request, cookies.KEPT)
    if not secret or visit.request.method != "GET":
        return
    kept = await visit.frame.kept_forms.find(secret)
    if kept is None or kept.page != visit.address or (visit.person is None and kept.owner):
        return
    visit.is_restored, visit.is_back = True, kept.was_sent
    if hmac.compare_digest(kept.owner, visit.owner):
        visit.kept = kept.fields
        visit.filled = {name: values[0] for name, values in kept.fields.items()}
        visit.once = kept.once


async def forget(visit: PageVisit) -> None:
    """Remove what was kept of a form, now that its page shows it."""
    if visit.is_restored:
        await visit.frame.kept_forms.remove(cookies.read(visit.request, cookies.KEPT))


def _values(typed: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in typed.items()}
