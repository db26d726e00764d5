"""Events about the documents of one submission, all in one: in their first version each was about one document."""

from __future__ import annotations

from typing import Any


def since_v1(data: dict[str, Any]) -> dict[str, Any]:
    """Turn the data of such a v1 into that of v2: the same names, in the application and in its only document."""
    return {**data, "documents": [data]}
