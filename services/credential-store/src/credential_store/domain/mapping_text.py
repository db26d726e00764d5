"""A mapping as its sender wrote it, YAML 1.2 or JSON, read into plain data.

In YAML 1.1, which most libraries read, `yes` is true and 2026-01-05 a date; here both are texts (YAML 1.2, core
schema).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from credential_store.domain.encodings import encoding_of
from runtime.errors import Refusal, TooLarge

LONGEST = 64 * 1024
"""Bytes of a mapping."""
_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
"""Leading zeros make a text of it: numbers of documents have them."""
_MEANINGS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


class Plain(str):
    """A text without quotation marks. Where a text belongs it is that text, whatever else YAML would read in it."""

    __slots__ = ()

    @property
    def meaning(self) -> str | bool | int:
        """What it is by the core schema of YAML 1.2, as far as a mapping may hold it."""
        said = _MEANINGS.get(self)
        if said is not None:
            return said
        return int(self) if _INTEGER.fullmatch(self) else str(self)


@dataclass(slots=True)
class Written:
    """What was read, and what is wrong with how it was written."""

    data: object = None
    faults: list[Refusal] = field(default_factory=list)


def read(written: bytes) -> Written:
    """Read a mapping. Raises TooLarge, and Refusal for what can't be read any further."""
    if len(written) > LONGEST:
        raise TooLarge("mapping-too-large", field="mapping", most=LONGEST // 1024)
    try:
        text = written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal("mapping-encoding", field="mapping", encoding=encoding_of(written)) from error
    if not text.strip():
        raise Refusal("mapping-empty", field="mapping")
    try:
        return _json(text) if text.lstrip().startswith("{") else _yaml(text)
    except RecursionError as error:
        raise Refusal("mapping-too-deep", field="mapping") from error


def _json(text: str) -> Written:
    """Read JSON; what is none may still be YAML, whose flow style looks alike."""
    found = Written()

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        found.faults += map(_twice, dict.fromkeys(name for name in names if names.count(name) > 1))
        return dict(pairs)

    try:
        found.data = json.loads(text, object_pairs_hook=unique)
    except ValueError:
        return _yaml(text)
    found.faults += _unwritable(found.data)
    return found


def _yaml(text: str) -> Written:
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_yaml(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position].split("\n")
        raise _not_yaml(len(before), len(before[-1]) + 1) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape that is no character
        raise _not_yaml(1, 1) from error
    found, seen = Written(), set[int]()
    found.data = None if node is None else _data(node, found, seen)
    found.faults += _unwritable(found.data)
    return found


def _data(node: yaml.Node, found: Written, seen: set[int]) -> object:
    """Return what a node says. Raises Refusal for what stands at two places: a few bytes would become endless data."""
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise Refusal("mapping-alias", field="mapping", line=line)
    seen.add(id(node))
    if node.tag not in _TAGS:
        found.faults.append(Refusal("mapping-tag", field="mapping", line=line))
    if isinstance(node, yaml.MappingNode):
        return _object(node, found, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_data(each, found, seen) for each in node.value]
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text
    return None if _MEANINGS.get(text, text) is None else Plain(text)


def _object(node: yaml.MappingNode, found: Written, seen: set[int]) -> dict[str, object]:
    said: dict[str, object] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            found.faults.append(Refusal("mapping-key", field="mapping", line=key.start_mark.line + 1))
            continue
        name = str(key.value)
        if name in said:
            found.faults.append(_twice(name))
        said[name] = _data(value, found, seen)
    return said


def _not_yaml(line: int, column: int) -> Refusal:
    return Refusal("mapping-not-yaml", field="mapping", line=line, column=column)


def _twice(name: str) -> Refusal:
    return Refusal("mapping-twice", field="mapping", part=name[:60])


def _unwritable(data: object) -> Iterator[Refusal]:
    """Find texts that are no text: half a character pair, which nothing can store."""
    if any(re.search("[\ud800-\udfff]", text) for text in _texts(data)):
        yield Refusal("mapping-no-text", field="mapping")


def _texts(data: object) -> Iterable[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield name
            yield from _texts(value)
    elif isinstance(data, list):
        for each in data:
            yield from _texts(each)
    elif isinstance(data, str):
        yield data
