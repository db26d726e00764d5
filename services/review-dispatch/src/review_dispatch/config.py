"""Settings of review dispatch (environment prefix `REVIEW_DISPATCH_`), and its data files."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from review_dispatch.domain.routes import SUB_DISTRICT, District, OtherRoutes, ReviewedType, Routes
from review_dispatch.domain.standard_reasons import OtherReasons, StandardReasons
from runtime.data_files import DataFileError, load
from standards.document_types import FOLDER, read
from standards.working_days import Calendar
from web.config import ServiceSettings

_DEPARTMENT = re.compile(r"\b(?:department|to|registration): *([a-z][a-z0-9-]*)")
"""Where a line of a data file names a department."""


class Settings(ServiceSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="REVIEW_DISPATCH_", extra="ignore", frozen=True)

    data: Path = Path(str(files("review_dispatch"))) / "data"
    """Folder of `routes.yaml` and `standard_reasons.yaml`; a district may keep its own."""
    escalate_every: float = 60.0
    """Seconds between looks for tasks whose deadline has passed."""


def load_district(folder: Path, registry: Path = FOLDER) -> District:
    """Read where work goes, and what decisions say. Raises DataFileError naming file and line of what is wrong."""
    path = folder / "routes.yaml"
    others, registered = load(path, OtherRoutes), read(ReviewedType, registry)
    known = {*others.departments, SUB_DISTRICT}
    paths = (path, *(registry / f"{code}.yaml" for code in registered))
    if faults := [fault for each in paths for fault in _unknown_departments(each, known)]:
        raise DataFileError("\n".join(faults))
    routes = Routes(**dict(others), documents={code: each.route for code, each in registered.items()})
    said = load(folder / "standard_reasons.yaml", OtherReasons)
    reasons = StandardReasons(**dict(said), documents={code: each.review.reasons for code, each in registered.items()})
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
