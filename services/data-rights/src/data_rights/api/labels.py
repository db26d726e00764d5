"""Entries of the record in words, in the caller's language; a code without a text of its own stands as it is."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from data_rights.domain.access import Access
from runtime.texts import Texts
from standards import document_types

TEXTS = Texts.of("data_rights").beside(document_types.names())


class Coded(BaseModel):
    """A code with its name in the caller's language."""

    code: str
    name: str


def coded(group: str, code: str, language: str) -> Coded:
    return Coded(code=code, name=name(group, code, language))


def name(group: str, code: str, language: str) -> str:
    key = f"{group}.{code}"
    return TEXTS.say(language, key) if TEXTS.has(key) else code


def sentence(access: Access, language: str) -> str:
    """Say who did what with which data and what for."""
    return TEXTS.say(
        language,
        "sentences.stated"
        if access.purpose
        else "sentences.application"
        if access.application_id
        else "sentences.plain",
        who=who(access, language),
        how=name("hows", access.how, language),
        what=_object(access, language),
        purpose=access.purpose or "",
        item=name("items", access.item, language) if access.item else TEXTS.say(language, "sentences.an-application"),
    )


def who(access: Access, language: str) -> str:
    """Say who it was: departments and role. A resident reads no account, as it is an internal key."""
    role = name("roles", access.by.role, language)
    departments = _joined((name("departments", code, language) for code in access.by.departments), language)
    return TEXTS.say(language, "sentences.of-department", departments=departments, role=role) if departments else role


def _object(access: Access, language: str) -> str:
    what = name("whats", access.what, language)
    types = dict.fromkeys(each.document_type for each in access.documents)
    documents = _joined((name("documents", each, language) for each in types), language)
    return TEXTS.say(language, "sentences.with-documents", what=what, documents=documents) if documents else what


def _joined(names: Iterable[str], language: str) -> str:
    return TEXTS.say(language, "sentences.between").join(names)
