"""Traces and metrics: W3C trace context over HTTP and events, OpenTelemetry metrics shown at /metrics.

The context of the present request or event lives in a context variable, so that a log line, a problem, an outgoing
request and an event all carry the same trace id. Spans are made only where a collector is configured.
"""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from opentelemetry import trace as otel
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Counter, Histogram, Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where we are in a distributed trace (https://www.w3.org/TR/trace-context/), and what made us act."""

    trace_id: str
    span_id: str
    correlation_id: str | None = None
    causation_id: str | None = None

    @property
    def traceparent(self) -> str:
        """The header for what we call next."""
        return f"00-{self.trace_id}-{self.span_id}-01"


_present: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """The trace of the request or event being handled, if any."""
    return _present.get()


def enter_trace(
    traceparent: str | None, *, correlation_id: str | None = None, causation_id: str | None = None
) -> Trace:
    """Continue the caller's trace with a span of our own, or begin one; it holds for the present task."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    trace_id = found.group(1) if found else secrets.token_hex(16)
    entered = Trace(trace_id, secrets.token_hex(8), correlation_id, causation_id)
    _present.set(entered)
    return entered


def leave_trace() -> None:
    """Forget the trace, when a task goes on to other work."""
    _present.set(None)


@cache
def meter() -> Meter:
    """The process's meter; its figures are read at /metrics."""
    provider = MeterProvider(metric_readers=[PrometheusMetricReader()], resource=Resource.create({}))
    return provider.get_meter("zhunong")


@cache
def request_seconds() -> Histogram:
    """How long requests took, by route and status."""
    return meter().create_histogram(
        "http_server_request_duration", unit="s", description="Requests by route and status."
    )


@cache
def events_handled() -> Counter:
    """Events applied, retried and parked, by consumer and outcome."""
    return meter().create_counter("events_handled", description="Events by consumer and outcome.")


@cache
def event_lag_seconds() -> Histogram:
    """How long after its time an event was applied."""
    return meter().create_histogram("event_lag", unit="s", description="From an event's time to its effect here.")


def configure_tracing(service: str, endpoint: str | None) -> None:
    """Send spans to a collector, where one is configured; called once, by the command line."""
    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - heavy, optional
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    otel.set_tracer_provider(provider)
