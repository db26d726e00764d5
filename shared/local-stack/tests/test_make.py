"""What `make` does to exit codes, and that no document promises otherwise."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from local_stack.keys import public_jwk
from local_stack.layout import ROOT
from testkit.patience import PATIENCE

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/*/README.md")])
PROMISE = re.compile(r"\bends with \d|\bexit code", re.IGNORECASE)
COMMAND = re.compile(r"`make (?!run\b)")


def ended(*command: str, **settings: str) -> tuple[int, str]:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(("shown", "code"), [("no credential", 1), (None, 2)])
def test_the_command_itself_has_the_code_that_make_only_prints(tmp_path: Path, shown: str | None, code: int) -> None:
    file, keys = tmp_path / "shown.txt", tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [public_jwk(ec.generate_private_key(ec.SECP256R1()))]}))
    if shown is not None:
        file.write_text(shown)
    command = ("-m", "credential_store.commands.verify", str(file), "--jwks", str(keys))
    assert ended(sys.executable, *command)[0] == code
    make_code, told = ended("make", "verify-credential", f"FILE={file}", f"JWKS={keys}")
    assert make_code == 2
    assert re.search(rf"\bError {code}\b", told), told


def test_conformance_without_a_system_ends_with_2_by_itself(tmp_path: Path) -> None:
    settings = {"YIZHENG_VAR": str(tmp_path), "AMQP_URL": ""}
    assert ended(sys.executable, "-m", "conformance", "health", **settings)[0] == 2


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_that_promises_exit_codes_of_a_make_command_says_what_make_does(document: Path) -> None:
    for paragraph in document.read_text(encoding="utf-8").split("\n\n"):
        if PROMISE.search(paragraph) and COMMAND.search(paragraph):
            assert "`make` itself" in paragraph, paragraph
