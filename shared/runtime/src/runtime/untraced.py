"""In place of FastAPI's telemetry, which imports OpenTelemetry: spans are the services' own (`web/trace_export.py`).

Has what FastAPI 0.165 takes from it; an operation is not recorded, an application is started and asked as it is.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

TelemetryConfig = dict[str, Any]
_NOTHING = nullcontext()


def get_telemetry_data(*_values: object, **_named: object) -> None:
    """There are none."""


_route_selected = _validation_failed = _legacy_otel = get_telemetry_data


def _operation(**_named: object) -> nullcontext[None]:
    return _NOTHING


def _run_sync_endpoint(*, function: Any, arguments: Any) -> Any:  # noqa: ANN401 - any function
    return function(**arguments)


def ExceptionTelemetryMiddleware(app: Any) -> Any:  # noqa: ANN401, N802 - a class there
    """Return the application: nothing is between."""
    return app


class NativeTelemetry:
    """Is never on."""

    def __init__(self, _config: TelemetryConfig) -> None:
        self.enabled = bool


async def lifespan(*, config: TelemetryConfig, app: Any, **connection: Any) -> None:  # noqa: ANN401, ARG001 - as there
    """Start and end an application."""
    await app(*connection.values())
