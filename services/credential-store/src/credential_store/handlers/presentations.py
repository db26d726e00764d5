"""What a holder shows of a credential."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bus.event import Change, Outcome
from credential_store.domain import signed
from credential_store.domain.credential import VALID, Credential, Issue
from credential_store.domain.sd_jwt import SdJwt
from credential_store.domain.signed import TYP, SignedVersion
from credential_store.domain.status import status_of
from credential_store.handlers import issuance, queries
from credential_store.handlers.dependencies import Deps
from runtime.clock import today
from runtime.errors import Conflict, Refusal
from web.auth import Principal

ONCE = timedelta(minutes=15)
"""How long a presentation lasts that was made for one verifier."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown, to whom, bound to which key of the holder's."""

    fields: Collection[str]
    audience: str | None = None
    nonce: str | None = None
    holder_key: Mapping[str, Any] | None = None


async def present(id_: str, wish: Wish, by: Principal, deps: Deps) -> Outcome[SdJwt]:
    """Show chosen fields of a valid credential. Nobody remembers what was shown, or for whom.

    A guardian shows a ward's; that the guardian used it is told to the ward's record, and nothing more than that.
    Raises Conflict, Refusal.
    """
    credential = await queries.view(id_, by, None, deps)
    issue = credential.current
    if issue is None or status_of(credential, issue, today(deps.clock())) != VALID:
        raise Conflict("not-valid-now")
    unknown = set(wish.fields) - signed.showable(credential, issue).keys()
    if unknown:
        raise Refusal("nothing-to-show", field="fields", name=min(unknown))
    version, changes = await _signed(credential, issue, deps)
    whole = SdJwt.read(version.text)
    shown = SdJwt(_for(whole.signed, wish, deps), whole.shown).showing(wish.fields)
    told = await queries.tell_of_view(credential, by, None, deps)
    return Outcome(changes=changes, case=told.case, result=shown, accesses=told.accesses)


async def _signed(credential: Credential, issue: Issue, deps: Deps) -> tuple[SignedVersion, list[Change]]:
    """Return a version's signed form; what an earlier release issued is signed now."""
    found = await deps.signed.get(issue.place.id) if issue.place else None
    if found is not None:
        return found, []
    placed, version = await issuance.sign(credential, issue, deps)
    saved = credential.model_copy(update={"issues": (*credential.issues[:-1], placed)})
    return version, [deps.credentials.save(saved), deps.signed.save(version)]


def _for(text: str, wish: Wish, deps: Deps) -> str:
    """Sign the same once more for one verifier, or for one key of the holder's; else leave it as it was issued."""
    bound: dict[str, Any] = {}
    if wish.holder_key is not None:
        bound["cnf"] = {"jwk": dict(wish.holder_key)}
    elif wish.audience is not None or wish.nonce is not None:
        said = {"aud": wish.audience, "nonce": wish.nonce}
        bound = {name: value for name, value in said.items() if value is not None}
        bound["exp"] = int((deps.clock() + ONCE).timestamp())
    if not bound:
        return text
    return deps.issuer.keys.sign({**deps.trusted.credentials.verify(text, TYP), **bound}, TYP)
