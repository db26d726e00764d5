from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.portal.tests.stage import Built, Stage, staged


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built.of(tmp_path_factory.mktemp("portal"))


@pytest.fixture
def stage(tmp_path: Path, built: Built) -> Iterator[Stage]:
    with staged(tmp_path / "var", built) as made:
        yield made
