"""Searching the catalogue: Chinese in either script, pinyin, initials, English, other words, life events, departments.

What was typed is split into words, and each is looked up as it is written; what nothing has is looked up by its sound,
then with one wrong character, then piece by piece. An item is found when it has all of the words; when none has, when
it has at least half. Found items come by how well they fit, the better first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from applications.domain.item import ServiceItem
from applications.domain.record import Localised
from applications.domain.search_index import Form, Index, SearchEntry, is_chinese, runs, syllables
from applications.domain.search_words import SearchWords

MOST_WORDS = 8
"""Of a query: what follows is not looked up."""

Scores = Mapping[str, float]
"""How well each item fits, by code; what does not fit is not in it."""

_FIT: Mapping[Form, float] = {"chinese": 1.0, "latin": 1.0, "pinyin": 0.75, "initials": 0.6, "syllables": 0.5}
_NEARLY = 0.4
_WHOLE, _FRONT, _INSIDE = 1.0, 0.9, 0.75
_SHORTEST_TYPED = 2
"""Letters of pinyin or initials: one letter begins too much."""
_SHORTEST_WITH_ERROR: Mapping[Form, int] = {"chinese": 2, "latin": 4, "pinyin": 5}
"""So many characters must have been typed for one to be wrong. Of two Chinese ones neither is, but one between them may
be missing: 租房 and 住房 are two different words."""


class Search:
    """The words of a catalogue's items."""

    def __init__(
        self, items: Iterable[ServiceItem], places: Mapping[str, Mapping[str, str]], words: SearchWords
    ) -> None:
        """Index items. `places` names, by item, what belongs to it and what kind of thing that is (`_WORTH`)."""
        said = defaultdict[str, dict[str, float]](dict)
        synonyms = [_Synonyms.of(group) for group in words.synonyms]
        for item in items:
            for text, worth in _texts_of(item):
                own = runs(text)
                _say(said, own, item.code, worth)
                for group in synonyms:
                    _say(said, group.beside(own), item.code, worth * _GROUP)
            for text, kind in places[item.code].items():
                _say(said, runs(text), item.code, _WORTH[kind])
        for event in words.life_events:
            for text in (event.name.zh_cn, event.name.en, *event.words):
                for code in places.keys() & event.items:
                    _say(said, runs(text), code, _WORTH["life-event"])
        self._worth = list(said.values())
        self._index = Index(said)
        self._ignored = sorted({run for word in words.ignored for run in runs(word)}, key=len, reverse=True)

    def find(self, typed: str) -> list[str]:
        """Return the codes of what fits, the best first."""
        query = runs(typed)[:MOST_WORDS]
        words = [word for word in query if is_chinese(word) or word not in self._ignored] or query
        scores = _together([self._scores_of(word) for word in words])
        if len(words) > 1 and not any(map(is_chinese, words)):  # pinyin, a syllable a word
            scores = _better(scores, self._look_up("pinyin", "".join(words)))
        return sorted(scores, key=lambda code: (-scores[code], code))

    def _scores_of(self, word: str) -> Scores:
        return self._as_written(word) or self._by_sound(word) or self._with_an_error(word) or self._by_pieces(word)

    def _as_written(self, word: str) -> Scores:
        if is_chinese(word):
            return self._look_up("chinese", word)
        if len(word) < _SHORTEST_TYPED and not word.isdigit():
            return {}
        forms: tuple[Form, ...] = ("latin", "pinyin", "initials")
        return _better(*(self._look_up(form, word) for form in forms))

    def _by_sound(self, word: str) -> Scores:
        if not is_chinese(word) or len(word) < _SHORTEST_TYPED:
            return {}
        return _better(*(self._look_up("syllables", way) for way in syllables(word)))

    def _with_an_error(self, word: str) -> Scores:
        forms: tuple[Form, ...] = ("chinese",) if is_chinese(word) else ("latin", "pinyin")
        tried = [form for form in forms if len(word) >= _SHORTEST_WITH_ERROR[form]]
        return _better(*(self._scored(self._near(form, word), word, _NEARLY) for form in tried))

    def _near(self, form: Form, word: str) -> Iterator[SearchEntry]:
        entries = self._index.forms[form]
        return entries.nearly(word) if len(word) > _SHORTEST_TYPED else entries.with_one_between(word)

    def _by_pieces(self, word: str) -> Scores:
        """Take a run of Chinese apart: what people write around it is dropped, then come the longest known pieces.

        What is left between them is passed over.
        """
        if not is_chinese(word):
            return {}
        parts = self._without_ignored(word)
        if parts == [word]:
            return _together([self._look_up("chinese", piece) for piece in self._pieces(word)])
        return _together([self._scores_of(part) for part in parts])

    def _without_ignored(self, word: str) -> list[str]:
        for ignored in self._ignored:
            word = word.replace(ignored, " ")
        return word.split()

    def _pieces(self, part: str) -> Iterator[str]:
        at = 0
        while at < len(part):
            ends = range(len(part), at + 1, -1)
            end = next((end for end in ends if self._is_known(part[at:end])), None)
            if end is not None:
                yield part[at:end]
            at = end or at + 1

    def _is_known(self, piece: str) -> bool:
        return next(self._index.forms["chinese"].beginning_with(piece), None) is not None

    def _look_up(self, form: Form, typed: str) -> Scores:
        return self._scored(self._index.forms[form].beginning_with(typed), typed, _FIT[form])

    def _scored(self, entries: Iterable[SearchEntry], typed: str, fit: float) -> Scores:
        scores: dict[str, float] = {}
        for entry in entries:
            place = _INSIDE if not entry.at_start else _WHOLE if len(entry.text) == len(typed) else _FRONT
            for code, worth in self._worth[entry.word].items():
                scores[code] = max(scores.get(code, 0), worth * fit * place)
        return scores


_WORTH: Mapping[str, float] = {
    "name": 100,
    "synonym": 90,
    "code": 80,
    "life-event": 60,
    "grants": 60,
    "department": 50,
    "text": 30,
}
"""What a word is worth by where it stands."""

_GROUP = 0.7
"""What another word is worth, beside the one that stands there."""


@dataclass(frozen=True, slots=True)
class _Synonyms:
    """A group of words, and what finds one of them in a text."""

    words: frozenset[str]
    any: re.Pattern[str]

    @classmethod
    def of(cls, group: Iterable[str]) -> _Synonyms:
        words = [" ".join(runs(word)) for word in group]
        bounded = (re.escape(word) if is_chinese(word) else rf"(?<!\S){re.escape(word)}(?!\S)" for word in words)
        return cls(frozenset(run for word in words for run in word.split()), re.compile("|".join(bounded)))

    def beside(self, said: Sequence[str]) -> frozenset[str]:
        return self.words if self.any.search(" ".join(said)) else frozenset()


def _texts_of(item: ServiceItem) -> Iterator[tuple[str, float]]:
    yield item.code, _WORTH["code"]
    yield from ((text, _WORTH["name"]) for text in names_of(item.name))
    yield from ((text, _WORTH["text"]) for text in names_of(item.for_whom, item.description))
    yield from ((text, _WORTH["synonym"]) for text in item.synonyms)


def _say(said: Mapping[str, dict[str, float]], words: Iterable[str], code: str, worth: float) -> None:
    for run in words:
        said[run][code] = max(said[run].get(code, 0), worth)


def _together(each: Sequence[Scores]) -> Scores:
    """Return the items that have all of the words; when there is none, those that have at least half."""
    total, count = defaultdict[str, float](float), defaultdict[str, int](int)
    for scores in each:
        for code, score in scores.items():
            total[code] += score
            count[code] += 1
    most = max(count.values(), default=0)
    if most * 2 < len(each) or most == 0:
        return {}
    return {code: score for code, score in total.items() if count[code] == most}


def _better(*each: Scores) -> Scores:
    better: dict[str, float] = {}
    for scores in each:
        for code, score in scores.items():
            better[code] = max(better.get(code, 0), score)
    return better


def names_of(*texts: Localised) -> list[str]:
    """Return texts in both languages."""
    return [said for text in texts for said in (text.zh_cn, text.en)]
