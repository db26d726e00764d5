"""What a service's process does not carry about with it."""

from __future__ import annotations

import subprocess
import sys

from local_stack.ports import PROCESSES

NOT_AT_REST = (
    *("rich", "pygments", "greenlet"),  # for terminals and threads that a service has not got
    *("opentelemetry", "pydantic.v1", "click", "opencc"),  # what libraries, or the making of data files, need
    "jsonschema.validators",  # only to look through an edited event
    *("pymongocrypt", "cffi"),  # only to make data keys, or with a key management service
    *("PIL", "pikepdf"),  # only in the process that takes a file apart
    *("pytest", "hypothesis", "testkit", "faker", "typer", "honcho", "local_stack", "synthetic", "conformance"),
)
LOOK = """
import importlib, sys
for name in sys.argv[2].split(","):
    importlib.import_module(f"{name}.__main__")
print(*(name for name in sys.argv[1].split(",") if name in sys.modules))
"""


def test_a_service_imports_nothing_that_it_does_not_need_at_rest() -> None:
    services = ",".join(name.replace("-", "_") for name in PROCESSES)

    looked = subprocess.run(  # noqa: S603 - the text above
        [sys.executable, "-c", LOOK, ",".join(NOT_AT_REST), services], capture_output=True, text=True, check=True
    )

    assert looked.stdout.split() == []
