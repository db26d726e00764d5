"""Looks at a person's credentials: what a department may ask, and who may look."""

from __future__ import annotations

from credential_store.domain.credential import Credential, CredentialModel
from credential_store.domain.document_types import DocumentTypes, HolderType
from runtime.errors import NotAllowed, Refusal

LONGEST_PURPOSE = 200


class LookQuestion(CredentialModel):
    """What a department asks: for one identifier, or for a holder's documents (all types that it may see, or one)."""

    purpose: str
    identifier: str | None = None
    number: str | None = None
    resident_id: str | None = None
    holder_type: HolderType = "111"
    document_type: str | None = None


def check(question: LookQuestion, types: DocumentTypes) -> None:
    """Refuse a question that names nothing or too much, an unknown type, or a holder of the wrong kind.

    Raises Refusal.
    """
    named = [name for name in (question.identifier, question.number, question.resident_id) if name]
    if len(named) != 1:
        raise Refusal("name-one", field="identifier")
    if question.document_type is not None and question.document_type not in types.document_types:
        raise Refusal("document-type-unknown", field="document_type", document_type=question.document_type)
    if question.identifier is None:
        _check_holder_type(question, types)


def check_shared(document_type: str, departments: frozenset[str], types: DocumentTypes) -> None:
    """Refuse a department that may not query the type. Raises NotAllowed."""
    if not types.of(document_type).is_shared_with(departments):
        raise NotAllowed("not-shared-with-your-department", document_type=document_type)


def check_keeper(credential: Credential, departments: frozenset[str], types: DocumentTypes) -> None:
    """Refuse a department that does not keep the credential's type. Raises NotAllowed."""
    if types.of(credential.document_type).keeper not in departments:
        raise NotAllowed("not-kept-by-your-department", document_type=credential.document_type)


def _check_holder_type(question: LookQuestion, types: DocumentTypes) -> None:
    asked = [question.document_type] if question.document_type else list(types.document_types)
    if all(types.of(code).holder_type != question.holder_type for code in asked):
        raise Refusal("wrong-holder-type", field="holder_type", holder_type=question.holder_type)
