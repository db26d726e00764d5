"""What a search looks up: words under every form in which people type them, in sorted lists."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from unicodedata import normalize

from applications.domain.search_words import normal
from standards.readings import spelled

Form = Literal["chinese", "latin", "pinyin", "initials", "syllables"]
"""`chinese`: the characters; `latin`: a word of English, a code, a figure; `pinyin`: all syllables in one, as typed;
`initials`: the first letter of each; `syllables`: the same, each closed, to find what only sounds alike."""

HAN = "㐀-䶿一-鿿"
_RUNS = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
_QUOTES = re.compile("['’]")
_MARKS = re.compile("[\u0300-\u036f]")


class SearchEntry(NamedTuple):
    """A form of a word from one of its characters on: the word's number, and whether it begins or ends there."""

    text: str
    word: int
    at_start: bool


@dataclass(slots=True)
class Forms:
    """The entries of one form. `sort` once all are added."""

    entries: list[SearchEntry] = field(default_factory=list)

    def beginning_with(self, typed: str) -> Iterator[SearchEntry]:
        """Return the entries that begin with what was typed."""
        place = bisect_left(self.entries, (typed,))
        while place < len(self.entries) and self.entries[place].text.startswith(typed):
            yield self.entries[place]
            place += 1

    def nearly(self, typed: str) -> Iterator[SearchEntry]:
        """Return the entries that begin with what was typed but for one wrong, missing, added or swapped character.

        What was typed is then right up to its middle, or from there on: that is asked first, as it costs least.
        """
        half = len(typed) // 2
        first, second = typed[: half - 1], typed[half:]  # two that are swapped may stand on both sides of the middle
        for entry in self.entries:
            text = entry.text
            if (text.startswith(first) or second in text[half - 1 : len(typed) + 1]) and begins_nearly(text, typed):
                yield entry

    def with_one_between(self, typed: str) -> Iterator[SearchEntry]:
        """Return the entries that begin with the two characters that were typed and one between them."""
        return (each for each in self.entries if each.text[:3:2] == typed)


def runs(text: str) -> list[str]:
    """Split a text into runs of Chinese characters and words of anything else, in the form in which they are kept.

    Letters lose their marks: jūzhù is juzhu.
    """
    return _RUNS.findall(_MARKS.sub("", normalize("NFKD", _QUOTES.sub("", normal(text)))))


def is_chinese(run: str) -> bool:
    """Tell which of the two a run is."""
    return re.match(f"[{HAN}]", run) is not None


def syllables(run: str) -> list[str]:
    """Return the ways in which a run of Chinese characters sounds, each syllable closed by a space."""
    return list(dict.fromkeys("".join(f"{each} " for each in way) for way in spelled(run)))


def begins_nearly(text: str, typed: str) -> bool:
    """Tell whether a text begins with what was typed but for one character: wrong, missing, too many, two swapped."""
    at = next((n for n, (one, other) in enumerate(zip(text, typed, strict=False)) if one != other), None)
    if at is None:
        return len(typed) <= len(text) + 1
    left, right = text[at:], typed[at:]
    return (
        left[1:].startswith(right[1:])
        or left.startswith(right[1:])
        or left[1:].startswith(right)
        or (left[:2] == right[1::-1] and left[2:].startswith(right[2:]))
    )


class Index:
    """Words by number, and the forms of each."""

    def __init__(self, words: Iterable[str]) -> None:
        self.forms: dict[Form, Forms] = {
            "chinese": Forms(), "latin": Forms(), "pinyin": Forms(), "initials": Forms(), "syllables": Forms()
        }  # fmt: skip
        for number, word in enumerate(words):
            for run in runs(word):
                self._add(number, run)
        for forms in self.forms.values():
            forms.entries = sorted(set(forms.entries))

    def _add(self, number: int, run: str) -> None:
        if not is_chinese(run):
            self._entry("latin", run, number, at_start=True)
            return
        for at in range(len(run)):
            self._entry("chinese", run[at:], number, at_start=at == 0)
        for way in spelled(run):
            for at in range(len(way)):
                self._entry("pinyin", "".join(way[at:]), number, at_start=at == 0)
                self._entry("initials", "".join(each[0] for each in way[at:]), number, at_start=at == 0)
                self._entry("syllables", "".join(f"{each} " for each in way[at:]), number, at_start=at == 0)

    def _entry(self, form: Form, text: str, number: int, *, at_start: bool) -> None:
        self.forms[form].entries.append(SearchEntry(text, number, at_start))
