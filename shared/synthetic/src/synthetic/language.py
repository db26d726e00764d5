"""Which language whoever started a command reads."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.texts import Language


def language_of(environment: Mapping[str, str]) -> Language:
    """Take `YIZHENG_LANG`, else `LANG`, else Chinese; a neutral locale such as C.UTF-8 says nothing."""
    for name in ("YIZHENG_LANG", "LANG"):
        value = environment.get(name, "").lower()
        if value.startswith("en"):
            return "en"
        if value.startswith("zh"):
            return "zh-CN"
    return "zh-CN"
