"""Finding the application that a number and a code name together."""

from __future__ import annotations

from applications.domain.application import Application
from applications.domain.inquiry_code import digest_of, normal
from applications.handlers.dependencies import Deps
from runtime.errors import NotFound


async def ask(number: str, code: str, deps: Deps) -> Application:
    """Return the application that was submitted under a number, to whoever knows its code.

    Raises NotFound, the same for a wrong number and a wrong code: it is looked up by the code's digest alone, so that a
    number that there is takes no other way, and no longer, than one that there is not.
    """
    found = await deps.applications.with_inquiry_digest(digest_of(code))
    if found is None or found.reference != normal(number) or found.state == "draft":
        raise NotFound("unknown-number-or-code")
    return found
