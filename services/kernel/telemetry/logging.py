"""Structured logs: one JSON object a line, with the trace id, personal data masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.kernel.telemetry.tracing import current_trace_id

_EMAIL = re.compile(r"([A-Za-z0-9_.+-])[A-Za-z0-9_.+-]*@([A-Za-z0-9-]+\.[A-Za-z0-9.-]+)")
_PHONE = re.compile(r"(?<![\w.:/-])\+?\d[\d ()-]{7,}\d(?![\w.:/-])")

# Fields that hold what people wrote or who they are: never in a log.
_PERSONAL = frozenset({"text", "body", "author_name", "display_name", "identifiers", "payload"})


def mask(text: str) -> str:
    """Hide e-mail addresses and phone numbers, leaving enough to tell two apart."""
    text = _EMAIL.sub(r"\1***@\2", text)
    return _PHONE.sub(lambda match: f"***{match[0][-2:]}", text)


def _mask_event(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _PERSONAL:
            event[key] = "***"
        elif isinstance(value, str) and key not in {"timestamp", "level", "service"}:
            event[key] = mask(value)
    return event


def _add_trace(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    trace_id = current_trace_id()
    if trace_id:
        event["trace_id"] = trace_id
    return event


def configure_logging(service: str, level: str = "INFO") -> None:
    """Send every log of the process, libraries' too, to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("aiokafka", "kafka", "faust", "mode", "elastic_transport", "werkzeug"):
        logging.getLogger(chatty).setLevel("WARNING")
    structlog.contextvars.bind_contextvars(service=service)
