"""Logs are events, one JSON object a line, with the ids that tie them together."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

from bus import traces


def configure(service: str, level: str) -> None:
    """Log the service's events, and what libraries have to say, as JSON on standard output.

    Loggers look up where that is at each line: one that keeps it would write for ever to what a caller has closed.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_ids,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # These report each lost connection on their own; the consumer and the publisher say what it means.
    for chatty in ("aiormq", "aio_pika", "pymongo"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)


def _add_ids(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Add what ties a line to the trace of its case; an HTTP request learns of its case only at its commit."""
    span = traces.current()
    if span is not None:
        found = {"case": span.case, "trace_id": span.trace_id, "span_id": span.span_id}
        return {**{name: value for name, value in found.items() if value}, **line}
    if "case" in line:
        line["trace_id"] = traces.trace_of(line["case"])
    return line


class _LibraryFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        rendered = structlog.processors.JSONRenderer(ensure_ascii=False)(
            None, "", {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower()}
        )
        return rendered if isinstance(rendered, str) else rendered.decode()
