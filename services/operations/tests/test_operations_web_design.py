"""What can be said of the pages without opening them: texts, colours, and what they load."""

from __future__ import annotations

import re

import pytest

from operations.web.assets import STATIC
from operations.web.templates import TEMPLATES
from runtime.texts import LANGUAGES, Texts

TEXTS = Texts.of("standards", "runtime", "operations")
SHEET = (STATIC / "operations.css").read_text(encoding="utf-8")
LEAST = 4.5
"""WCAG 2.2, AA, for text of any size."""
PAIRS = [
    *[("ink", ground) for ground in ("paper", "sheet", "sunk", "danger-wash", "warn-wash", "good-wash", "busy-wash")],
    *[("soft", ground) for ground in ("paper", "sheet", "sunk", "danger-wash", "good-wash", "accent-wash")],
    *[("link", ground) for ground in ("paper", "sheet", "sunk", "danger-wash", "accent-wash")],
    *[("accent", ground) for ground in ("paper", "sheet", "sunk", "danger-wash", "accent-wash")],
    *[(tone, f"{tone}-wash") for tone in ("danger", "warn", "good", "busy", "mask")],
    ("danger", "sheet"),
    ("warn", "sunk"),
    ("accent-ink", "accent"),
]


def test_every_text_of_every_template_is_in_both_catalogues() -> None:
    for template in TEMPLATES.glob("*.html"):
        for key in re.findall(r'\bt\("([a-z0-9.-]+)"[,)]', template.read_text(encoding="utf-8")):
            assert all(f"web.{key}" in TEXTS.keys(language) for language in LANGUAGES), (template.name, key)


def test_the_catalogues_of_the_pages_have_the_same_keys_and_places() -> None:
    chinese, english = (
        {key: sorted(re.findall(r"{\w+}", text)) for key, text in texts_of(language) if key[:4] == "web."}
        for language in LANGUAGES
    )
    assert chinese == english


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_everything_can_be_read_by_light_and_in_the_dark(ink: str, ground: str) -> None:
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in SHEET.split("@media (prefers-color")[:2]
    )
    assert contrast(light[ink], light[ground]) >= LEAST
    assert contrast(dark[ink], dark[ground]) >= LEAST


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs_inside_a_page() -> None:
    for file in [*TEMPLATES.glob("*.html"), *STATIC.iterdir()]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), file.name
        assert not re.search(r"<script>|<style|\sstyle=|\son\w+=|\|\s*safe", text), file.name


def texts_of(language: str) -> list[tuple[str, str]]:
    return list(TEXTS._texts[language].items())  # noqa: SLF001 - to see the places, which `say` fills


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminances, as WCAG reckons it."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
