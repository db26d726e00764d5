"""What is released stays: schemas follow compatible changes, examples accumulate, a breach releases nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.published import example_file, examples, read, schema_file, write
from tests.contract.release import SUMS, all_breaches, may_go, release, sums

EVENT = "review-dispatch.review-approved.v2"


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """One event as it stands today, to be changed."""
    folder = tmp_path / "events"
    folder.mkdir()
    for path in (schema_file(EVENT), *examples(EVENT)):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def released(tmp_path: Path, events: Path) -> Path:
    """The same event, released."""
    folder = tmp_path / "released"
    assert release([EVENT], events, folder) == []
    return folder


def test_a_release_keeps_schema_examples_and_their_digests(events: Path, released: Path) -> None:
    assert {it.name for it in released.iterdir()} == {SUMS, *(it.name for it in events.iterdir())}
    assert (released / SUMS).read_text(encoding="utf-8") == sums(released)


def test_a_changed_example_is_released_beside_the_one_that_was_before(events: Path, released: Path) -> None:
    before = [path.read_bytes() for path in examples(EVENT, released)]
    changed = example_file(EVENT, events)
    write(changed, {**read(changed), "id": "another"})

    release([EVENT], events, released)
    release([EVENT], events, released)

    after = [path.read_bytes() for path in examples(EVENT, released)]
    assert after == [*before, changed.read_bytes()]


def test_a_compatible_change_is_released(events: Path, released: Path) -> None:
    schema = read(schema_file(EVENT, events))
    schema["properties"]["note"] = {"type": "string"}
    write(schema_file(EVENT, events), schema)

    assert release([EVENT], events, released) == []
    assert read(schema_file(EVENT, released)) == schema


def test_an_incompatible_change_releases_nothing(events: Path, released: Path) -> None:
    schema = read(schema_file(EVENT, events))
    del schema["properties"]["fields"]
    write(schema_file(EVENT, events), schema)

    assert {breach.rule for breach in release([EVENT], events, released)} == {"property-removed"}
    assert read(schema_file(EVENT, released)) == read(schema_file(EVENT))


def test_an_event_may_go_only_when_it_is_retired_and_nobody_reads_it(events: Path, released: Path) -> None:
    schema_file(EVENT, events).unlink()

    assert [breach.rule for breach in all_breaches(events, released)] == ["event-gone"]
    assert not may_go(EVENT)
