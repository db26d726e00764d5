"""Logs are events, one JSON object a line, with the ids that tie them together."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(service: str, level: str) -> None:
    """Log the service's events, and what libraries have to say, as JSON on standard output."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # These report each lost connection on their own; the consumer and the publisher say what it means.
    for chatty in ("aiormq", "aio_pika", "pymongo"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)


class _LibraryFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        rendered = structlog.processors.JSONRenderer(ensure_ascii=False)(
            None, "", {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower()}
        )
        return rendered if isinstance(rendered, str) else rendered.decode()
