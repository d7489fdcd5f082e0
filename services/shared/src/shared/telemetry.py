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
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator

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


class _OurIds(IdGenerator):
    """A span carries the ids that we told others, so that what they do hangs below it."""

    def generate_trace_id(self) -> int:
        """The present trace's."""
        present = _present.get()
        return int(present.trace_id if present else secrets.token_hex(16), 16)

    def generate_span_id(self) -> int:
        """The present span's."""
        present = _present.get()
        return int(present.span_id if present else secrets.token_hex(8), 16)


_provider: TracerProvider | None = None


def configure_tracing(service: str, endpoint: str | None, *, processor: SpanProcessor | None = None) -> None:
    """Send spans to a collector, where one is configured; called once, by the command line."""
    global _provider  # noqa: PLW0603 - one a process, like OpenTelemetry's own
    if endpoint is None and processor is None:
        _provider = None
        return
    _provider = TracerProvider(resource=Resource.create({"service.name": service}), id_generator=_OurIds())
    _provider.add_span_processor(processor or _collector(endpoint))


def _collector(endpoint: str | None) -> SpanProcessor:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - heavy, seldom needed
        OTLPSpanExporter,
    )

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))


def record_span(name: str, *, traceparent: str | None, started_at: float, attributes: dict[str, str | int]) -> None:
    """Tell the collector of the work that ends now and began at `started_at` (Unix seconds); nothing without one."""
    if _provider is None:
        return
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    context = None
    if found:
        parent = otel.SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=otel.TraceFlags(1))
        context = otel.set_span_in_context(otel.NonRecordingSpan(parent))
    tracer = _provider.get_tracer("zhunong")
    span = tracer.start_span(name, context=context, attributes=attributes, start_time=int(started_at * 1e9))
    span.end()
