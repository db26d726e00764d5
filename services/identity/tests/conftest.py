from __future__ import annotations

import pytest

from services.identity.tests.people import Hall


@pytest.fixture
def hall() -> Hall:
    return Hall()
