"""What came with a form: checked for its origin, read once, committed once however often it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.event import ConflictError, Outcome
from operations.web.edge import explain
from operations.web.session import Operator, check_form, recognise
from runtime.errors import Refusal
from web.problems import Problem
from web.routes import Committing

TOKEN_FIELD = "form-token"  # noqa: S105 - its name
ONCE_FIELD = "once"
"""A form's own number: sent twice, the second time is answered with what the first one did."""

SEE_OTHER = 303

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """Why a form was refused, and what had been filled in, to be shown on the form's own page again."""

    problem: Problem | None = None
    filled: Mapping[str, str] = field(default_factory=dict)
    chosen: Sequence[str] = ()
    """The failures that were ticked."""

    @property
    def status(self) -> int:
        """The status of the page."""
        return self.problem.status if self.problem else 200

    @property
    def shown(self) -> dict[str, object]:
        """What the page's template needs of it."""
        return {"status": self.status, "problem": self.problem, "filled": self.filled, "chosen": self.chosen}


NOT_REFUSED = RefusedForm()


class FormPage(Protocol):
    """A page that can be shown with a refusal on it."""

    async def __call__(self, refused: RefusedForm) -> Response:
        """Show it."""


@dataclass(frozen=True, slots=True)
class WebForm:
    """The fields of a form that was sent."""

    request: Request
    fields: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str:
        """Return a field, as it was typed; empty when there is none."""
        values = self.fields.get(name, ())
        return values[0] if values else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all that was chosen of a field."""
        return tuple(self.fields.get(name, ()))

    def version(self) -> int | None:
        """Return which version the operator was looking at."""
        text = self.text("version")
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def filled(self) -> dict[str, str]:
        """What to show again when the form is refused."""
        return {name: values[0] for name, values in self.fields.items() if values and name != TOKEN_FIELD}

    async def commit(self, work: Callable[[], Awaitable[Outcome[ResultT]]], then: Callable[[ResultT], str]) -> str:
        """Run a handler and commit what it decided; return the address to go to, the same for the same form."""
        answer = await Committing(self.request, self.text(ONCE_FIELD) or None)(
            work, lambda result: _Next(address=then(result)), fingerprint=self._fingerprint()
        )
        return _Next.model_validate_json(bytes(answer.body)).address

    async def look(self, work: Callable[[], Awaitable[Outcome[ResultT]]]) -> ResultT:
        """Run a handler, commit what it recorded, and return what it found."""
        found: list[ResultT] = []

        async def keeping() -> Outcome[ResultT]:
            outcome = await work()
            if outcome.result is not None:
                found.append(outcome.result)
            return outcome

        await Committing(self.request, None)(keeping, lambda _: None, only_looks=True)
        return found[-1]

    async def carry_out(
        self,
        work: Callable[[], Awaitable[Outcome[ResultT]]],
        *,
        then: str | Callable[[ResultT], str],
        page: FormPage,
    ) -> Response:
        """Commit and go on to the next page; or show the form's page again, with the refusal on it."""
        try:
            address = await self.commit(work, lambda result: then if isinstance(then, str) else then(result))
        except (Refusal, ConflictError) as error:
            return await self.refuse(error, page)
        return RedirectResponse(address, SEE_OTHER)

    async def refuse(self, error: Exception, page: FormPage) -> Response:
        """Show the form's page again, with the refusal on it."""
        return await page(RefusedForm(await explain(self.request, error), self.filled, self.texts("failure")))

    def _fingerprint(self) -> str:
        told = {name: list(values) for name, values in sorted(self.fields.items()) if name != TOKEN_FIELD}
        return sha256(repr(told).encode()).hexdigest()


class _Next(BaseModel):
    """All that a page needs of a result: where to go next."""

    address: str


async def read(request: Request) -> WebForm:
    """Read a form and check where it comes from."""
    sent = await request.form()
    fields: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    form = WebForm(request, fields)
    check_form(request, form.text(TOKEN_FIELD))
    return form


async def _of_operator(request: Request, operator: Operator) -> WebForm:
    del operator  # recognised before the form is checked, as its token is bound to who it was shown to
    return await read(request)


Sent = Annotated[WebForm, Depends(_of_operator)]
"""The form that a signed-in operator has sent."""


async def _of_anybody(request: Request) -> WebForm:
    await recognise(request)
    return await read(request)


AnybodySent = Annotated[WebForm, Depends(_of_anybody)]
"""A form that needs no one to be signed in."""
