"""`make contracts`: write the schemas of our own events from their publishers' models."""

from __future__ import annotations

from tests.contract.published import EVENTS, own_events, read, schema_file, schema_of, write


def main() -> None:
    """Write every schema that is new or changed, and say which."""
    EVENTS.mkdir(parents=True, exist_ok=True)
    for event_type, event in sorted(own_events().items()):
        path, schema = schema_file(event_type), schema_of(event)
        if not path.exists() or read(path) != schema:
            write(path, schema)
            print(f"written: {path.name}")


if __name__ == "__main__":
    main()
