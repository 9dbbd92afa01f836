"""What is done for a call knows its request and trace; logs and events carry them on."""

import asyncio
import json
import logging
import re

import httpx2
import pytest

from mlaas4hep.adapters import tracing
from mlaas4hep.faas.logs import formatter, set_up_logging, with_work
from mlaas4hep.faas.traced import TracedApp
from mlaas4hep.settings import SettingsError

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADER = f"00-{TRACE}-00f067aa0ba902b7-01"


def asked(headers, path="/runs", **options):
    """Return what an app knew while it answered."""
    seen = []

    async def app(_scope, _receive, send):
        seen.append(await asyncio.to_thread(tracing.current))
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask():
        transport = httpx2.ASGITransport(TracedApp(app, **options))
        async with httpx2.AsyncClient(transport=transport, base_url="http://function") as http:
            await http.get(path, headers=headers)

    asyncio.run(ask())
    return seen[0]


def test_a_trace_goes_on_with_a_span_of_its_own():
    work = asked({"traceparent": HEADER, "X-Call-Id": "call-7"})

    assert (work.trace, work.request) == (TRACE, "call-7")
    assert work.traceparent.startswith(f"00-{TRACE}-")
    assert work.traceparent != HEADER


@pytest.mark.parametrize("header", ["", "gibberish", f"00-{'0' * 32}-00f067aa0ba902b7-01"])
def test_a_call_without_a_good_trace_begins_one(header):
    work = asked({"traceparent": header})

    assert len(work.trace) == 32
    assert set(work.trace) != {"0"}
    assert work.request


def test_housekeeping_belongs_to_no_trace():
    assert asked({"traceparent": HEADER}, "/_/ready").traceparent == ""


def test_what_is_done_is_forgotten_when_it_is_over():
    with tracing.doing(run="o/luca_1"), tracing.doing(event="e"):
        assert (tracing.current().run, tracing.current().event) == ("o/luca_1", "e")

    assert tracing.current() == tracing.Work()


def test_a_record_as_json_says_what_it_is_about():
    record = logging.LogRecord("m", logging.WARNING, "f", 1, "read %d files", (3,), None)

    with tracing.doing(run="o/luca_1", event="e1", request="r1", **tracing.continued(HEADER)):
        assert with_work(record)
    told = json.loads(formatter("json").format(record))

    assert told["message"] == "read 3 files"
    assert (told["level"], told["logger"]) == ("WARNING", "m")
    assert (told["run"], told["event"], told["request"]) == ("o/luca_1", "e1", "r1")
    assert told["trace"] == TRACE
    assert "at" in told


def test_a_traceback_is_one_line_of_json():
    try:
        int("no")
    except ValueError as error:
        parts = (type(error), error, error.__traceback__)
    record = logging.LogRecord("m", logging.ERROR, "f", 1, "oh", (), parts)

    line = formatter("json").format(record)

    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["exc_info"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_strangers_wrote_looks_like_no_record_of_its_own(form):
    name = "a\nERROR mlaas4hep the disk is full\r\x1b]0;x\x07\u202e\x9b31m"
    record = logging.LogRecord("m", logging.INFO, "f", 1, "model %s", (name,), None)

    told = formatter(form).format(record)

    assert not re.search(r"^ERROR", told, re.MULTILINE)
    assert told.replace("\n", "").isprintable()


@pytest.mark.parametrize(("level", "form"), [("LOUD", "json"), ("INFO", "xml")])
def test_a_level_or_form_that_is_none_is_refused(level, form):
    with pytest.raises(SettingsError, match=r"LOUD|xml"):
        set_up_logging(level, form)


def test_with_opentelemetry_each_call_is_a_span_of_its_callers_trace():
    export = pytest.importorskip("opentelemetry.sdk.trace.export", reason="an extra")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from mlaas4hep.faas.spans import spans  # noqa: PLC0415 - an extra

    exporter = memory.InMemorySpanExporter()
    work = asked(
        {"traceparent": HEADER}, begin=spans("specs", export.SimpleSpanProcessor(exporter))
    )
    (span,) = exporter.get_finished_spans()

    assert f"{span.context.trace_id:032x}" == work.trace == TRACE
    assert f"{span.context.span_id:016x}" == work.span
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert span.name == "GET /runs"
    assert span.attributes["http.response.status_code"] == 503
    assert not span.status.is_ok
    assert span.resource.attributes["service.name"] == "mlaas4hep-specs"
