"""A credential's metadata under the standard's English names (GB/T 36903, as the API and exports give them)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from credential_store.domain.credential import Credential, Issue
from credential_store.domain.document_types import DocumentTypes, HolderType
from runtime.clock import today


class Metadata(BaseModel):
    """The standard's elements, `CertificateIdentifier` and so on.

    `CertificateHolderTypeName` is 111 for a citizen identity number, 001 for a unified social credit code.
    `CertificateHolderCode` is masked, and null unless the caller gave the number: it is not kept here.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal, populate_by_name=True)

    certificate_identifier: str
    certificate_name: str
    certificate_number: str | None
    certificate_type_name: str
    certificate_type_code: str
    certificate_define_authority_name: str
    certificate_define_authority_code: str
    certificate_issuing_authority_name: str
    certificate_issuing_authority_code: str
    certificate_issued_date: date
    certificate_effective_date: date
    certificate_expiring_date: date | None
    certificate_holder_name: str | None
    certificate_holder_code: str | None
    certificate_holder_type_name: HolderType
    certificate_area_code: str


def describe(
    credential: Credential, issue: Issue, types: DocumentTypes, language: str, holder_code: str | None = None
) -> Metadata:
    """Describe one version of a credential, in the reader's language where a name has two."""
    kind = types.of(credential.document_type)
    definer, issuer = types.definers[kind.definer], types.departments[kind.keeper]
    return Metadata(
        certificate_identifier=issue.identifier,
        certificate_name=kind.name.in_language(language),
        certificate_number=_text(issue, kind.number_field),
        certificate_type_name=kind.name.in_language(language),
        certificate_type_code=types.type_code(credential.document_type),
        certificate_define_authority_name=definer.name.in_language(language),
        certificate_define_authority_code=definer.code,
        certificate_issuing_authority_name=issue.content.authority or issuer.name.in_language(language),
        certificate_issuing_authority_code=issuer.code,
        certificate_issued_date=today(issue.issued_at),
        certificate_effective_date=issue.content.valid_from,
        certificate_expiring_date=issue.content.valid_until,
        certificate_holder_name=_text(issue, kind.name_field),
        certificate_holder_code=holder_code,
        certificate_holder_type_name=kind.holder_type,
        certificate_area_code=types.area_code,
    )


def _text(issue: Issue, field: str | None) -> str | None:
    value = issue.content.fields.get(field) if field else None
    return value if isinstance(value, str) else None
