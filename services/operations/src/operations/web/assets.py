"""The pages' few files: one style sheet, two small scripts and an icon, from this server and nowhere else."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: file.read_bytes() for file in sorted(STATIC.iterdir()) if file.suffix in _TYPES}
_VERSIONS = {name: sha256(content).hexdigest()[:12] for name, content in _FILES.items()}


def address(name: str) -> str:
    """Return where a file is: its content is in the address, so that a browser may keep it for good."""
    return f"/operations/static/{_VERSIONS[name]}/{name}"


def answer(version: str, name: str) -> Response:
    """Send a file. Raises HTTPException (404) for any other."""
    if _VERSIONS.get(name) != version:
        raise HTTPException(404)
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_FILES[name], headers=forever, media_type=_TYPES[Path(name).suffix])
