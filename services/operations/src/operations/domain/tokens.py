"""The words by which a failure is found. Nothing personal is among them: values of fields are kept as keyed hashes.

Latin text is found by its words, Chinese by pairs of neighbouring characters, and what looks like an id as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from operations.domain.event_masks import Leaf, personal_texts, redact
from operations.domain.letter import Letter
from operations.domain.search import Criteria
from runtime.errors import Refusal
from standards.normal_form import normal_text

MOST_WORDS = 120
"""Words kept of one failure, those of its cause first: a body of a megabyte must not fill the index."""

_SHORTEST = 2
_LONGEST = 64
_SHORTEST_ID = 12
_SHORT = 200

_CHUNK = re.compile(r"[^\s,;()\[\]{}'\"“”‘’<>=，。；：、（）《》•]+")
_ID = re.compile(r"(?=.*\d)[a-z0-9_.:@/-]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([t ].*)?")
_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
_RUN = re.compile(rf"[{_CHINESE}]+|[^\W_{_CHINESE}]+")
_INDEX = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True)
class FieldKey:
    """The keys under which values of fields are hashed: that of the blind index, then one of this store alone."""

    index: bytes = field(repr=False)
    own: bytes = field(repr=False)

    def token(self, path: str, value: object) -> str:
        """Return the word that stands for a value at a place; equal for equal writings of the value."""
        told = f"{path}\n{_writing(value)}".encode()
        return self.renewed("=" + blake2b(told, key=self.index, person=b"failure-words", digest_size=10).hexdigest())

    def renewed(self, word: str) -> str:
        """Return the word of now for one of earlier releases (`=`), which the key of the index alone could make."""
        if not word.startswith("="):
            return word
        return "~" + blake2b(word.encode(), key=self.own, person=b"failure-words", digest_size=10).hexdigest()


def words_of(letter: Letter, found: Sequence[Leaf], key: FieldKey) -> tuple[str, ...]:
    """Return the words of a letter; `found` are the values of its event."""
    personal = personal_texts(found)
    told = (letter.message, letter.exception, letter.frame, letter.handler, letter.path, letter.rule)
    words: dict[str, None] = dict.fromkeys(_plain(letter))
    for text in told:
        words |= dict.fromkeys(in_text(redact(text, personal)))
    inside = [leaf for leaf in found if leaf.path == "/data" or leaf.path.startswith("/data/")]
    words |= dict.fromkeys(key.token(leaf.path, leaf.value) for leaf in inside[:MOST_WORDS])
    for leaf in inside[:MOST_WORDS]:
        if leaf.is_shown and isinstance(leaf.value, str):
            words |= dict.fromkeys(in_text(leaf.value))
    return tuple(words)[:MOST_WORDS]


def wanted(criteria: Criteria, key: FieldKey) -> tuple[str, ...]:
    """Return the words that a failure must have to meet a search. Raises Refusal for a text or field of no use."""
    plain = {
        "service": criteria.service,
        "type": criteria.event_type,
        "reason": criteria.reason,
        "case": criteria.case,
        "event": criteria.event_id,
    }
    words = [f"{name}:{value}" for name, value in plain.items() if value]
    words += [key.token(*_field(each)) for each in criteria.fields]
    if criteria.text and criteria.text.strip():
        of_text = tuple(in_text(criteria.text))
        if not of_text:
            raise Refusal("text-too-short", field="text")
        words += of_text
    return tuple(dict.fromkeys(words))


def in_text(text: str) -> tuple[str, ...]:
    """Return the words of a text; days and moments are none."""
    return _in_short_text(text) if len(text) <= _SHORT else tuple(_in_text(text))


@lru_cache(maxsize=4096)
def _in_short_text(text: str) -> tuple[str, ...]:
    """What fails of the same cause says the same again and again."""
    return tuple(_in_text(text))


def _in_text(text: str) -> Iterator[str]:
    for chunk in _CHUNK.findall(normal_text(text).casefold()):
        trimmed = chunk.strip(".:-/@")
        if _MOMENT.fullmatch(trimmed):
            continue
        if len(trimmed) >= _SHORTEST_ID and _ID.fullmatch(trimmed):
            yield trimmed[:_LONGEST]
        else:
            yield from _words(_RUN.findall(trimmed))


def _words(runs: Iterable[str]) -> Iterator[str]:
    for run in runs:
        if not "\u3400" <= run[0] <= "\u9fff":
            if len(run) >= _SHORTEST:
                yield run[:_LONGEST]
        else:
            yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))


def _plain(letter: Letter) -> Iterator[str]:
    yield f"service:{letter.service}"
    yield f"type:{letter.event_type}"
    yield f"reason:{letter.reason}"
    if letter.case:
        yield f"case:{letter.case}"
    if letter.event_id:
        yield f"event:{letter.event_id}"
    if letter.caused_by:
        yield f"cause:{letter.caused_by}"


def _field(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals or not path.startswith("/"):
        raise Refusal("bad-field", field="field", given=text[:100])
    return _INDEX.sub("/*", path), value


def _writing(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str() if value.isascii():
            return value.strip().lower()
        case _:
            return normal_text(str(value)).casefold()
