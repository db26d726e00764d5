"""Values of an export in words: what codes are called, days and moments as they are in Shenzhen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from data_rights.api.labels import TEXTS, sentence
from data_rights.domain.access import Access
from runtime.texts import written_day, written_moment
from standards.field_kinds import is_date

_DIGEST = re.compile(r"[0-9a-f]{64}")
_OWN_GROUPS = frozenset(
    {"documents", "fields", "items", "departments", "roles", "results", "services", "correction-states", "sections"}
)
"""Groups of codes that other answers name, too."""


@dataclass(frozen=True, slots=True)
class ExportReader:
    """Tells values to a resident in a language."""

    language: str
    resident_id: str

    def say(self, key: str, **params: object) -> str:
        """Return a text of the page."""
        return TEXTS.say(self.language, f"export-page.{key}", **params)

    def named(self, group: str, code: str) -> str:
        """Return what a code is called; what no release knew yet is something else, never a code."""
        key = f"{group}.{code}" if group in _OWN_GROUPS else f"export-page.codes.{group}.{code}"
        return TEXTS.say(self.language, key) if TEXTS.has(key) else self.say("other")

    def at(self, record: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what stands at a dotted path, None where nothing does."""
        found: Any = record
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def heading(self, title: str, record: Mapping[str, Any]) -> str:
        path, _, how = title.partition(", ")
        if how == "heading":
            return self.say(f"lists.{path}")
        value = self.at(record, path)
        return self.say("other") if value is None else self.shown(value, how)

    def shown(self, value: Any, how: str) -> str:  # noqa: ANN401 - JSON
        """Return a value in words."""
        if isinstance(value, list | tuple):
            return self.say("between").join(self.shown(each, how) for each in value)
        if isinstance(value, Mapping):
            return self.say("between").join(f"{name}{self.say('colon')}{text}" for name, text in self.values(value))
        if how == "moment":
            return self.moment(datetime.fromisoformat(str(value)))
        if how == "day":
            return self._day(str(value))
        if how == "task-notes":
            known = f"export-page.codes.task-notes.{value}"
            return TEXTS.say(self.language, known) if TEXTS.has(known) else str(value)
        return self._plain(value) if how in {"text", "yes"} else self.named(how, str(value))

    def values(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Return what fields of a document or form are called, and say."""
        for name, value in fields.items():
            if value is not None:
                yield self.named("fields", name), self.shown(value, "text")

    def moment(self, at: datetime) -> str:
        """Write a moment in Shenzhen time."""
        return written_moment(self.language, at)

    def prepared(self, section: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add to a record what is told of it but does not stand in it."""
        if section == "data-rights.accesses":
            return {
                **record,
                "sentence": sentence(Access.model_validate({**record, "holder": "", "salt": ""}), self.language),
            }
        if section == "identity.guardianships":
            return {**record, "side": "guardian" if record.get("guardian_id") == self.resident_id else "child"}
        if section == "operations.trail":
            return {**record, "service": str(record.get("type", "")).partition(".")[0]}
        return record

    def _day(self, day: str) -> str:
        return written_day(self.language, date.fromisoformat(day)) if is_date(day) else day

    def _plain(self, value: Any) -> str:  # noqa: ANN401 - JSON
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        text = str(value)
        return self.say("digest") if _DIGEST.fullmatch(text) else self._day(text)
