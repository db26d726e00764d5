"""Whom a view is for, and the names of codes in their language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel

from review_dispatch.domain.routes import District
from runtime.texts import Texts, written_day
from standards import document_types
from standards.communities import offices
from web.auth import Principal

TEXTS = Texts.of("review_dispatch").beside(document_types.names())


class Coded(BaseModel):
    """A code with its name in the caller's language."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class TaskReader:
    """Whom a view is for."""

    by: Principal
    language: str
    district: District
    today: date

    def coded(self, group: str, code: str) -> Coded:
        return coded(group, code, self.language)

    def field(self, document_type: str, code: str) -> Coded:
        """Name a field of a document, or of the registration."""
        key = f"{document_type}.{code}"
        return Coded(code=code, name=self.coded("fields", key if TEXTS.has(f"fields.{key}") else code).name)

    def maybe(self, group: str, code: str | None) -> Coded | None:
        """Name a code that may be missing."""
        return None if code is None else self.coded(group, code)

    def due(self, day: date) -> str:
        """Say the last day of a deadline; provisional while the holidays of its year are not published."""
        key = "due-provisional" if self.district.calendar.is_provisional(day) else "due"
        return TEXTS.say(self.language, key, day=written_day(self.language, day), year=day.year)

    def community(self, code: str | None) -> Coded | None:
        if code is None:
            return None
        name = next((each.name for part in offices() for each in part.communities if each.code == code), None)
        if name is None:
            return Coded(code=code, name=code)
        return Coded(code=code, name=name.en if self.language == "en" else name.zh_cn)


def coded(group: str, code: str, language: str) -> Coded:
    """Name a code; one that the catalogue does not know is its own name."""
    key = f"{group}.{code}"
    return Coded(code=code, name=TEXTS.say(language, key) if TEXTS.has(key) else code)
