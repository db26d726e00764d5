"""Message catalogues: every text that people read, in simplified Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from runtime.clock import SHENZHEN, today
from runtime.data_files import load
from runtime.errors import TextKey

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
DEFAULT: Language = "zh-CN"

Tree = dict[str, "str | Tree"]


class Texts:
    """The catalogues of one or more packages (`texts/zh-CN.yaml`, `texts/en.yaml`), later ones overriding."""

    def __init__(self, *folders: Path) -> None:
        self._texts: dict[str, dict[str, str]] = {
            language: {
                key: text for folder in folders for key, text in _flat(load(folder / f"{language}.yaml", dict)).items()
            }
            for language in LANGUAGES
        }

    @classmethod
    @cache
    def of(cls, *packages: str) -> Texts:
        """Load the catalogues that ship with these packages."""
        return cls(*(folder / "texts" for folder in cls.folders(*packages)))

    def beside(self, names: Mapping[str, Mapping[str, str]]) -> Texts:
        """Return these texts with names from elsewhere, by language and key; a text of the same key wins."""
        both = Texts()
        both._texts = {language: {**names[language], **texts} for language, texts in self._texts.items()}
        return both

    @staticmethod
    def folders(*packages: str) -> list[Path]:
        return [Path(str(files(package))) for package in packages]

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts[DEFAULT]

    def raw(self, language: str, key: str) -> str:
        """Return a text with its places still open, for the check that the languages have the same ones."""
        return self._texts[language][key]

    def say(self, language: str, key: str, **params: object) -> str:
        """Return the text of `key` with its places filled in. Raises KeyError for an unknown key."""
        catalogue = self._texts.get(language, self._texts[DEFAULT])
        if not params:
            return catalogue[key].format()
        said = {name: self._said(language, value) for name, value in params.items()}
        return catalogue[key].format(**said)

    def _said(self, language: str, value: object) -> object:
        if isinstance(value, TextKey) and self.has(value):
            return self.say(language, value, **value.params)
        return written_day(language, value) if isinstance(value, date) and not isinstance(value, datetime) else value

    def keys(self, language: str) -> frozenset[str]:
        """Return all keys of a language, for the check that the catalogues agree."""
        return frozenset(self._texts[language])


def choose(accept_language: str | None) -> Language:
    """Pick the caller's language from an `Accept-Language` header; Chinese unless English is preferred."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("en"):
            return "en"
        if tag.startswith("zh"):
            return "zh-CN"
    return DEFAULT


CHOSEN = "__Host-yizheng-language"
"""The cookie in which all pages for people remember the language that was chosen."""


def of_page(chosen: str | None, accept_language: str | None) -> Language:
    """Pick the language of a page: the one that was chosen (`CHOSEN`), else the one that the browser asks for."""
    return next((each for each in LANGUAGES if each == chosen), None) or choose(accept_language)


def written_day(language: str, day: date) -> str:
    """Write a day as people of a language do: 2026年11月30日, 30 November 2026."""
    month = written_month(language, day.month)
    return Texts.of("runtime").say(language, "days.day", year=day.year, month=month, day=day.day)


def written_moment(language: str, at: datetime, precisely: str = "minutes") -> str:
    """Write a moment on Shenzhen's clock: 2026年11月30日 14:05, 30 November 2026, 14:05; to the `seconds` if asked."""
    time = at.astimezone(SHENZHEN).time().isoformat(precisely)
    return Texts.of("runtime").say(language, "days.moment", day=today(at), time=time)


def written_month(language: str, month: int) -> str:
    """Write a month, 1 to 12, as it stands in a day: 11, November."""
    return Texts.of("runtime").say(language, f"days.months.{month}")


def _flat(tree: Tree, prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = str(value)
    return flat
