"""A collector of OpenTelemetry that keeps the spans that it is sent, as OTLP over HTTP."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One call of one function."""

    service: str
    name: str
    trace: str
    id: str
    parent: str  #: empty: it began the trace


@contextmanager
def collecting() -> Iterator[tuple[str, list[Span]]]:
    """Yield the collector's address, and the spans that have come; the list grows."""
    messages = pytest.importorskip(
        "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="an extra"
    )
    spans: list[Span] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            spans.extend(told(messages.ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", spans
        finally:
            server.shutdown()


def told(request) -> Iterator[Span]:
    """Yield the spans of one message."""
    for of_service in request.resource_spans:
        attributes = {each.key: each.value.string_value for each in of_service.resource.attributes}
        for scope in of_service.scope_spans:
            for span in scope.spans:
                yield Span(
                    service=attributes["service.name"],
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                )
