"""Logs: structlog, one line an event, readable by default, JSON where machines read."""

import logging
import sys
from typing import Any

import stamina.instrumentation
import structlog

from shared.telemetry import current_trace


def _add_trace(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    trace = current_trace()
    if trace is not None:
        event["trace_id"] = trace.trace_id
    return event


def configure_logging(service: str, *, log_format: str, level: int = logging.INFO) -> None:
    """Route structlog and the standard library through one renderer; called once, by the command line."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if log_format == "json" else "%H:%M:%S", utc=log_format == "json"),
        _add_trace,
        structlog.processors.StackInfoRenderer(),
    ]
    plain = structlog.dev.plain_traceback  # the fancy one prints local variables, and with them secrets
    if log_format == "json":
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        processors += [
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0, exception_formatter=plain)
        ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    if log_format == "json":
        structlog.contextvars.bind_contextvars(service=service)
    stamina.instrumentation.set_on_retry_hooks([])  # the caller says what did not answer, once
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(origin=name)
    return log
