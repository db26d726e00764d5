"""The words of the command line, in the language of the terminal; OPERATIONS_LANGUAGE overrides."""

from __future__ import annotations

import os

from runtime.texts import Language, Texts

_TEXTS = Texts.of("runtime", "operations")


def language() -> Language:
    """Return the language: English only where the terminal speaks it."""
    wanted = next(filter(None, map(os.environ.get, ("OPERATIONS_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "en" if wanted.lower().startswith("en") else "zh-CN"


def say(key: str, **params: object) -> str:
    """Return a text of the command line."""
    return _TEXTS.say(language(), f"cli.{key}", **params)


def sentence(kind: str, code: str, /, **params: object) -> str:
    """Return the pages' sentence for a code, with its places filled in."""
    return _TEXTS.say(language(), f"web.{kind}.{code}", **params)


def has(kind: str, name: str) -> bool:
    """Tell whether the pages have a text for a code."""
    return _TEXTS.has(f"web.{kind}.{name}")


def word(kind: str, name: str) -> str:
    """Return the word that the pages have for a code, such as a state; the code itself where there is none."""
    keys = (f"web.{kind}.{name}", f"trail.{kind}.{name}")
    return next((_TEXTS.say(language(), key) for key in keys if name and _TEXTS.has(key)), name)
