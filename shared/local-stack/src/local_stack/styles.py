"""`make styles`: the portal's files, from `services/portal/styles` to what is committed and sent.

Needs npm and what `package.json` there names; neither is needed to run or to test anything. A name has the hash of its
content, and beside each file lies what the gateway sends of it, compressed.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local_stack.layout import ROOT, Layout

SOURCE = ROOT / "services" / "portal" / "styles"
FILES = ROOT / "services" / "portal" / "src" / "portal" / "files"
_LIBRARIES = {"htmx.js": "htmx.org/dist/htmx.min.js", "idb.js": "idb/build/umd.js"}
_STABLE = ("portal.css", "mark.svg")
"""Found by a name that stays, too, for pages that the gateway itself says something with."""
_COMPRESSED = {".css", ".js", ".svg"}
_HASH = 12


def main() -> int:
    """Make the files anew and say how large they are; 2 when npm is missing or fails."""
    npm = shutil.which("npm")
    if npm is None:
        print("styles: npm is not installed; install the package npm", file=sys.stderr)
        return 2
    tools = Layout.from_environment().var / "npm"
    tools.mkdir(parents=True, exist_ok=True)
    shutil.copy(SOURCE / "package.json", tools / "package.json")
    install = [
        npm,
        "install",
        "--prefix",
        str(tools),
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
    ]
    if subprocess.call([*install, "--silent"]) != 0:
        return 2
    made = dict(contents(tools / "node_modules"))
    for old in FILES.iterdir():
        old.unlink()
    for name, content in made.items():
        write(name, content)
    for name in _STABLE:
        link(name)
    return 0


def link(name: str) -> None:
    """Let a file be found by the name that stays: a link to what it is called now, and to its compressed form."""
    stem, dot, suffix = name.rpartition(".")
    [path] = FILES.glob(f"{stem}-{'?' * _HASH}{dot}{suffix}")
    for end in ("", ".gz"):
        (FILES / f"{name}{end}").symlink_to(f"{path.name}{end}")


def contents(packages: Path) -> Iterator[tuple[str, bytes]]:
    """Give every file with its content: the style sheet, our own files, those of libraries."""
    sass = [str(packages / ".bin" / "sass"), "--style=compressed", "--no-source-map", "--quiet-deps"]
    command = [*sass, f"--load-path={packages}", f"--load-path={SOURCE}", str(SOURCE / "portal.scss")]
    yield "portal.css", subprocess.check_output(command)
    for path in sorted((SOURCE / "files").iterdir()):
        yield path.name, path.read_bytes()
    for name, place in _LIBRARIES.items():
        yield name, (packages / place).read_bytes()


def write(name: str, content: bytes) -> None:
    """Write a file under its hashed name, and its compressed form."""
    stem, dot, suffix = name.rpartition(".")
    path = FILES / f"{stem}-{hashlib.sha256(content).hexdigest()[:_HASH]}{dot}{suffix}"
    path.write_bytes(content)
    size = len(content)
    if path.suffix in _COMPRESSED:
        packed = gzip.compress(content, 9, mtime=0)
        path.with_name(f"{path.name}.gz").write_bytes(packed)
        size = len(packed)
    print(f"{path.name}: {size:,} bytes over the wire")


if __name__ == "__main__":
    raise SystemExit(main())
