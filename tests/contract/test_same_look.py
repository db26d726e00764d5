"""The pages that are not the portal's have its mark, its colours and its sign-in."""

from __future__ import annotations

import re

import pytest

from local_stack.layout import ROOT
from operations.web import session
from portal.frame import cookies, operators

PORTAL = ROOT / "services" / "portal" / "styles"
OPERATIONS = ROOT / "services" / "operations" / "src" / "operations" / "web" / "static"
VERIFY = ROOT / "services" / "credential-store" / "src" / "credential_store" / "web" / "templates" / "verify.html"
CALLED = {
    "accent": "brand", "ink": "text", "soft": "secondary-text", "line": "border", "link": "link",
}  # fmt: skip


def test_there_is_one_mark() -> None:
    assert (OPERATIONS / "mark.svg").read_bytes() == (PORTAL / "files" / "mark.svg").read_bytes()


@pytest.mark.parametrize("ours", CALLED)
def test_operations_has_the_portal_s_colours_by_light_and_in_the_dark(ours: str) -> None:
    sheet = (OPERATIONS / "operations.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in sheet.split("@media (prefers-color")[:2]
    )
    name = CALLED[ours]
    by_light = dict(re.findall(r'"([\w-]+)": (#\w{6})', (PORTAL / "portal.scss").read_text(encoding="utf-8")))
    in_the_dark = dict(
        re.findall(r"--govuk-([\w-]+)-colour: (#\w{6})", (PORTAL / "own" / "_dark.scss").read_text(encoding="utf-8"))
    )
    assert (light[ours], dark[ours]) == (by_light[name], in_the_dark[name])


def test_verification_has_the_portal_s_style_sheet_and_mark() -> None:
    page = VERIFY.read_text(encoding="utf-8")
    assert '<link rel="stylesheet" href="/assets/portal.css">' in page
    assert '<img src="/assets/mark.svg"' in page


def test_portal_and_operations_mean_the_same_cookies() -> None:
    assert (operators.COOKIE, operators.ROOT) == (session.TOKEN_COOKIE, session.ROOT)
    assert session.PORTAL_COOKIE == cookies.SESSION
