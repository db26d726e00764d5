"""`make contracts`: write the schemas of our own events from their models, and the pages made of the contracts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.contract import access, asyncapi, reference, retention
from tests.contract.published import CONTRACTS, EVENTS, own_events, schema_file, schema_of, written

DOCS = CONTRACTS.parents[1] / "docs"
DOCUMENTS: Mapping[Path, Callable[[], str]] = {
    DOCS / "access.md": access.page,
    DOCS / "asyncapi.yaml": asyncapi.document,
    DOCS / "events.md": reference.page,
    DOCS / "retention.md": retention.page,
}
"""What is generated from the contracts as they stand, and by what."""


def main() -> None:
    """Write every file that is new or changed, and say which."""
    EVENTS.mkdir(parents=True, exist_ok=True)
    for event_type, event in sorted(own_events().items()):
        _put(schema_file(event_type), written(schema_of(event)))
    for path, made in DOCUMENTS.items():
        _put(path, made())


def _put(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"written: {path.name}")


if __name__ == "__main__":
    main()
