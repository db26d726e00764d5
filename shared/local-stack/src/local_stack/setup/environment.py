"""The virtual environment: made once, filled from the hash-locked requirements, left alone while nothing changed."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from local_stack.setup.report import SetupError, run, say, tail

LOCKS = ("runtime.txt", "dev.txt")
INSTALLER_LOCK = "bootstrap.txt"
PATH_FILE = "yizheng.pth"
SCRIPT = """#!{python}
# Written by the set-up from {declared}.
import sys

from {module} import {function}

sys.exit({function}())
"""
STAMP = ".yizheng-stamp"
# Compiled once here, not at the start of each of the many processes.
SYNC = ("pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode")


def source_folders(root: Path) -> list[Path]:
    """Return every folder of the workspace that holds packages, services first."""
    return sorted(root.glob("services/*/src")) + sorted(root.glob("shared/*/src"))


def fingerprint(root: Path) -> str:
    """Return what the environment depends on, as one line: locks and how they are installed, interpreter, folders."""
    digest = hashlib.sha256()
    for name in (*LOCKS, INSTALLER_LOCK):
        digest.update((root / "requirements" / name).read_bytes())
    digest.update("\n".join(map(str, source_folders(root))).encode())
    digest.update(repr(sorted(scripts(root).items())).encode())
    digest.update(" ".join(SYNC).encode())
    return f"{sys.version_info.major}.{sys.version_info.minor} {digest.hexdigest()}"


def is_current(root: Path) -> bool:
    """Say whether the environment is there and was made from what is in the workspace now."""
    stamp = root / ".venv" / STAMP
    return (
        stamp.is_file()
        and stamp.read_text() == fingerprint(root)
        and os.access(root / ".venv" / "bin" / "python", os.X_OK)
    )


def ensure(root: Path, log: Path) -> None:
    """Make or update `.venv`; a no-op when it is current."""
    if is_current(root):
        return
    venv = root / ".venv"
    if not works(venv):
        create(venv, log)
    install(root, venv, log)
    write_paths(root, venv)
    write_scripts(root, venv)
    (venv / STAMP).write_text(fingerprint(root))


def is_possible(root: Path) -> bool:
    """Say whether there is an environment, or this Python can make one."""
    return works(root / ".venv") or importlib.util.find_spec("ensurepip") is not None


def works(venv: Path) -> bool:
    """Say whether an environment of this Python version is there, with the means to install into it."""
    python = venv / "bin" / "python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    question = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    if not os.access(python, os.X_OK):
        return False
    answer = subprocess.run([python, "-c", question], check=False, capture_output=True, text=True)
    return answer.returncode == 0 and answer.stdout.strip() == version


def create(venv: Path, log: Path) -> None:
    """Make an empty environment in place of whatever unusable one was there. Raises SetupError."""
    say("making the virtual environment .venv")
    shutil.rmtree(venv, ignore_errors=True)
    if not run([sys.executable, "-m", "venv", str(venv)], log=log):
        raise SetupError(f"could not make {venv}:\n{tail(log)}")


def install(root: Path, venv: Path, log: Path) -> None:
    """Install exactly what is locked: with uv, or with pip where uv cannot reach the packages. Raises SetupError."""
    say("installing the locked requirements into .venv (a minute the first time)")
    python, locks = str(venv / "bin" / "python"), root / "requirements"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    files = [str(locks / name) for name in LOCKS]
    with_uv = [str(venv / "bin" / "uv"), *SYNC, "--python", python, *files]
    with_pip = [*pip, *(word for file in files for word in ("-r", file))]
    installer_is_there = run([*pip, "-r", str(locks / INSTALLER_LOCK)], log=log)
    if not (installer_is_there and run(with_uv, log=log)) and not run(with_pip, log=log):
        raise SetupError(f"could not install the requirements; is a package index reachable?\n{tail(log)}")


def write_paths(root: Path, venv: Path) -> None:
    """Make every package of the workspace importable, straight from its source folder."""
    (site_packages,) = venv.glob("lib/python3.*/site-packages")
    (site_packages / PATH_FILE).write_text("".join(f"{folder}\n" for folder in source_folders(root)))


def scripts(root: Path) -> dict[str, str]:
    """Return every command that a package of the workspace declares, with what it calls: `package.module:function`."""
    declared = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(root.glob("s*/*/pyproject.toml"))]
    return {name: target for each in declared for name, target in each["project"].get("scripts", {}).items()}


def write_scripts(root: Path, venv: Path) -> None:
    """Put the packages' commands beside the environment's Python, as an installation of them would."""
    for name, target in scripts(root).items():
        module, _, function = target.partition(":")
        path = venv / "bin" / name
        path.write_text(
            SCRIPT.format(python=venv / "bin" / "python", declared=target, module=module, function=function)
        )
        path.chmod(0o755)
