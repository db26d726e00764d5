"""Words that people search with and that stand in no item's texts, as data (`search_words.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from applications.domain.item import Code
from applications.domain.record import ApplicationsModel, Localised
from standards.normal_form import normal_text, simplified

Word = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^\S(.*\S)?$")]


class LifeEvent(ApplicationsModel):
    """Something that happens in a life, by what people call it, and the items that are then needed."""

    code: Code
    name: Localised
    words: tuple[Word, ...] = Field(min_length=1)
    items: tuple[Code, ...] = Field(min_length=1)


class SearchWords(ApplicationsModel):
    """What the catalogue's own texts don't say."""

    synonyms: tuple[tuple[Word, ...], ...] = ()
    """Groups of words: an item that says one of them is found by the others."""
    departments: Mapping[Code, tuple[Word, ...]] = {}
    """What departments are called besides their names."""
    life_events: tuple[LifeEvent, ...] = ()
    ignored: tuple[Word, ...] = ()
    """What people write around what they look for: I want to, how, apply for."""

    @field_validator("synonyms")
    @classmethod
    def _groups_have_members(cls, groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for group in groups:
            if len(_distinct(group)) < 2:  # noqa: PLR2004 - two words can be synonyms, one can't
                message = f"a group of synonyms has at least two different words: {', '.join(group) or 'none'}"
                raise ValueError(message)
        return groups

    @field_validator("life_events")
    @classmethod
    def _codes_are_different(cls, events: tuple[LifeEvent, ...]) -> tuple[LifeEvent, ...]:
        codes = [each.code for each in events]
        if twice := [code for place, code in enumerate(codes) if code in codes[:place]]:
            message = f"the same life event twice: {twice[0]}"
            raise ValueError(message)
        return events

    def unknown(self, items: Iterable[str], departments: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Return each code that names nothing, and of what kind it was meant to be."""
        known_items, known_departments = set(items), set(departments)
        for event in self.life_events:
            yield from (("item", code) for code in event.items if code not in known_items)
        yield from (("department", code) for code in self.departments if code not in known_departments)


def normal(text: str) -> str:
    """Return a text as it is searched: one width, simplified characters, lower case."""
    return simplified(normal_text(text)).casefold()


def _distinct(words: Iterable[str]) -> set[str]:
    return {normal(word) for word in words}
