"""Verification, for anybody. Nothing of it is kept, and every answer costs the same work."""

from __future__ import annotations

from dataclasses import replace

from credential_store.domain.credential import CredentialPlace
from credential_store.domain.signed import TYP
from credential_store.domain.verdict import VerificationRequest, VerificationVerdict, judge
from credential_store.handlers.dependencies import Deps
from runtime.json_signatures import SignatureError

_NOWHERE = CredentialPlace(list=0, index=0)


async def verify(text: str, asked: VerificationRequest, deps: Deps) -> VerificationVerdict:
    """Tell whether a presentation counts at this moment: what was committed is seen at once.

    What ends early, because it is malformed or not ours, checks a signature and asks for a status all the same.
    """
    verdict = judge(text.strip(), asked, deps.trusted, deps.clock())
    if not verdict.kind:
        _check_in_vain(deps)
    found = await deps.signed.get((verdict.place or _NOWHERE).id)
    if verdict.kind != "credential":
        return verdict
    if found is None:  # signed by us, and erased since
        return replace(verdict, reasons=(*verdict.reasons, "revoked"))
    return verdict.with_marks(found.marks)


def _check_in_vain(deps: Deps) -> None:
    try:
        deps.trusted.credentials.verify(deps.decoy, TYP)
    except SignatureError as error:  # the decoy is right
        raise AssertionError from error
