"""Drawing in SVG, as text: a few shapes, light and dark, and nothing that a stranger wrote can break out of."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

_WIDE = ("W", "F")
_FONTS = "system-ui, 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
_LIGHT = {
    "ground": "#ffffff", "ink": "#1b1f24", "faint": "#57606a", "rule": "#c8d1da", "card": "#f3f6f9",
    "event": "#0b5cad", "person": "#6f3fb0", "failure": "#b8101f", "action": "#855300",
}  # fmt: skip
_DARK = {
    "ground": "#0f141a", "ink": "#e8edf2", "faint": "#a3afbb", "rule": "#3a444f", "card": "#1b232c",
    "event": "#74b8ff", "person": "#cdabff", "failure": "#ff8a80", "action": "#eac054",
}  # fmt: skip
_BREAKS = " ·/.-_:，、"
TONES = ("event", "person", "failure", "action")


def text(x: float, y: float, content: str, style: str = "", anchor: str = "start") -> str:
    """Write a line of text with its anchor at x and its base line at y."""
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}"'
    return f"<text {place} class={quoteattr(style)}>{safe(content)}</text>"


def line(x: float, y: float, to_x: float, to_y: float, style: str, *, head: str = "") -> str:
    """Draw a line, with an arrow's head in the tone of that name."""
    marker = f' marker-end="url(#head-{head})"' if head else ""
    return f'<line x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}" class={quoteattr(style)}{marker}/>'


def circle(x: float, y: float, radius: float, style: str) -> str:
    """Draw a circle."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" class={quoteattr(style)}/>'


def box(x: float, y: float, width: float, height: float, style: str) -> str:
    """Draw a box with round corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class={quoteattr(style)}/>'


def group(tooltip: str, parts: Sequence[str]) -> str:
    """Put shapes together under one tooltip."""
    return f"<g><title>{safe(tooltip)}</title>{''.join(parts)}</g>"


def document(*, title: str, description: str, size: tuple[float, float], language: str, parts: Sequence[str]) -> str:
    """Make the document. A screen reader says its title and description."""
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" xml:lang="{language}" lang="{language}"'
        f' role="img" aria-labelledby="trail-title trail-description">\n'
        f'<title id="trail-title">{safe(title)}</title>\n<desc id="trail-description">{safe(description)}</desc>\n'
        f"<style>{_STYLE}</style>\n<defs>{''.join(map(_head, TONES))}</defs>\n"
        f'<rect width="100%" height="100%" class="ground"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def safe(content: str) -> str:
    """Escape a text, without the characters that XML does not have."""
    return escape("".join(each if each.isprintable() or each == "\n" else "�" for each in content))


def extent(content: str, size: float) -> float:
    """Reckon how wide a text of that font size is, a little generously."""
    return sum(size * (1.0 if unicodedata.east_asian_width(each) in _WIDE else 0.58) for each in content)


def wrapped(content: str, size: float, width: float) -> list[str]:
    """Divide a text into lines that fit, at a space or a mark where there is one; nothing of it is lost but spaces."""
    lines: list[str] = []
    rest = content.strip()
    while rest:
        most = next((n for n in range(1, len(rest) + 1) if extent(rest[:n], size) > width), len(rest) + 1) - 1
        most = max(most, 1)
        if most < len(rest):
            after = max(rest.rfind(mark, most // 2, most) for mark in _BREAKS) + 1
            most = after or most
        lines.append(rest[:most].rstrip())
        rest = rest[most:].lstrip()
    return lines


def _head(tone: str) -> str:
    return (
        f'<marker id="head-{tone}" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="9" markerHeight="9"'
        f' markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.8L10 5L0 9.2z" class="fill-{tone}"/>'
        "</marker>"
    )


def _colours(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


_STYLE = (
    f"svg{{{_colours(_LIGHT)}color-scheme:light dark}}"
    f"@media(prefers-color-scheme:dark){{svg{{{_colours(_DARK)}}}}}"
    f"text{{font:13px {_FONTS};fill:var(--ink)}}"
    ".ground{fill:var(--ground)}.card{fill:var(--card);stroke:var(--rule)}"
    ".label{paint-order:stroke;stroke:var(--ground);stroke-width:5px;stroke-linejoin:round;font-weight:600}"
    ".small{font-size:11.5px;fill:var(--faint);paint-order:stroke;stroke:var(--ground);stroke-width:4px}"
    ".title{font-size:17px;font-weight:700}.name{font-weight:600}.faint{fill:var(--faint);font-size:11.5px}"
    ".time{font-variant-numeric:tabular-nums;font-size:12px}"
    ".lifeline{stroke:var(--rule);stroke-width:1.5}.gap{stroke:var(--ground);stroke-width:3;stroke-dasharray:3 4}"
    ".row{stroke:var(--rule);stroke-width:.6;opacity:.55}.dashed{stroke-dasharray:5 4}"
    + "".join(
        f".{tone}{{stroke:var(--{tone});stroke-width:1.8;fill:none}}.fill-{tone}{{fill:var(--{tone});stroke:none}}"
        f"text.in-{tone}{{fill:var(--{tone})}}"
        for tone in TONES
    )
)
