"""Spans for OpenTelemetry (`mlaas4hep[traces]`), where MLAAS_TRACES names a collector."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mlaas4hep.adapters import tracing
from mlaas4hep.faas.traced import Begin, Finish

_SERVER_ERROR = 500


def to_collector(url: str) -> SpanProcessor:
    """Return what sends spans to a collector, some at a time, such as http://collector:4318."""
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces"))


def spans(function: str, processor: SpanProcessor) -> Begin:
    """Return what makes each call of a function a span."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"mlaas4hep-{function}"}))
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("mlaas4hep")
    propagator = TraceContextTextMapPropagator()

    def begin(name: str, header: str) -> tuple[dict[str, str], Finish]:
        parent = propagator.extract({tracing.HEADER: header})
        span = tracer.start_span(name, context=parent, kind=SpanKind.SERVER)
        found = span.get_span_context()
        known = {"trace": f"{found.trace_id:032x}", "span": f"{found.span_id:016x}"}

        def finish(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= _SERVER_ERROR:
                span.set_status(Status(StatusCode.ERROR))
            span.end()

        return known, finish

    return begin
