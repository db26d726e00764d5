"""The commands in the documents do what they say: shell blocks run as they stand, make commands exist."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from local_stack.layout import ROOT
from local_stack.stack import Stack
from testkit.patience import PATIENCE

PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = sorted([*PAGES, *ROOT.glob("*.md"), *ROOT.glob("services/*/README.md"), *ROOT.glob("shared/*/README.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|`)make (?:-s )?([a-z][a-z-]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)\)")

LOOK = re.compile(r"(metrics) \w+|(?:logs|\$operations \w+ list)\b.*|for service in .*done")
"""A line of the runbook that only reads: once is enough, as often as it stands there. `metrics` fails for no name: once
is enough for all."""

STRICT = """set -euo pipefail
curl() { command curl --fail-with-body "$@"; echo; }
"""


def blocks(page: Path) -> str:
    """All shell blocks of a page, as one script, with each look once."""
    looks, lines = set[str](), list[str]()
    for line in "\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines():
        look = LOOK.fullmatch(line)
        name = look and (look[1] or line)
        if name not in looks:
            lines.append(line)
        if name:
            looks.add(name)
    return "\n".join(lines)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page_work_as_they_stand(page: Path, stack: Stack) -> None:
    surroundings = {
        **os.environ,
        **stack.environment,
        "GATEWAY": stack.gateway_url,
        "YIZHENG_VAR": str(stack.layout.var),
        "YIZHENG_PORT_BASE": str(stack.ports.base),
    }

    done = subprocess.run(  # noqa: S603 - our own documents
        ["/bin/bash", "-c", STRICT + blocks(page)],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"code"' not in done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_curl_without_its_progress_says_why_it_got_nothing(document: Path) -> None:
    quiet = re.findall(r"\bcurl\b.* -[a-zA-Z]*s[a-zA-Z]*\b", document.read_text(encoding="utf-8"))

    assert [command for command in quiet if not re.search(r" -[a-zA-Z]*S|--show-error", command)] == []


def test_every_make_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for document in DOCUMENTS for name in COMMAND.findall(document.read_text(encoding="utf-8"))}

    assert named <= targets
    assert {"demo", "test"} <= named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []
