"""Settings of review dispatch (environment prefix `REVIEW_DISPATCH_`), and its data files."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from review_dispatch.domain.routes import SUB_DISTRICT, District, Routes
from review_dispatch.domain.standard_reasons import StandardReasons
from runtime.config import ServiceSettings
from runtime.data_files import DataFileError, load
from standards.working_days import Calendar

_DEPARTMENT = re.compile(r"\b(?:department|to|registration): *([a-z][a-z0-9-]*)")
"""Where a line of `routes.yaml` names a department."""


class Settings(ServiceSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="REVIEW_DISPATCH_", extra="ignore", frozen=True)

    data: Path = Path(str(files("review_dispatch"))) / "data"
    """Folder of `routes.yaml` and `standard_reasons.yaml`; a district may keep its own."""
    escalate_every: float = 60.0
    """Seconds between looks for tasks whose deadline has passed."""


def load_district(folder: Path) -> District:
    """Read where work goes, and what decisions say. Raises DataFileError naming file and line of what is wrong."""
    path = folder / "routes.yaml"
    routes = load(path, Routes)
    faults = _unknown_departments(path, {*routes.departments, SUB_DISTRICT})
    if faults:
        raise DataFileError("\n".join(faults))
    reasons = load(folder / "standard_reasons.yaml", StandardReasons)
    return District(routes=routes, reasons=reasons, calendar=Calendar.load())


def _unknown_departments(path: Path, known: set[str]) -> list[str]:
    """Name each line that sends work to a department which `departments` does not list."""
    return [
        f"{path}:{number}: no such department: {code}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if not line.lstrip().startswith("#")
        for found in _DEPARTMENT.finditer(line)
        if (code := found[1]) not in known
    ]
