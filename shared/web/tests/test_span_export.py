"""Spans leave for a file or a collector, and without either nothing of the exporter is even imported."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bus import traces as spans
from bus.traces import Span, trace_of, traceparent, working
from web import trace_export


class Collector:
    """Takes what is sent to it over OTLP/HTTP."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        taken = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    thread = threading.Thread(target=started.server.serve_forever)
    thread.start()
    yield started
    started.server.shutdown()
    thread.join()
    started.server.server_close()


@pytest.fixture(autouse=True)
def _uncompressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    yield
    spans.record_with(None)


def work() -> None:
    span = Span("process a.b.v1", "consumer", traceparent("app_1", "e1"))
    span.join("app_1")
    span.attributes["messaging.system"] = "rabbitmq"
    with pytest.raises(KeyError), working(span):
        raise KeyError("a name")


def test_spans_are_appended_to_a_file_as_lines_of_json(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "traces.jsonl"
    for service in ("matcher", "identity"):
        end = trace_export.start(service, file)
        work()
        end()

    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert (first["service"], second["service"]) == ("matcher", "identity")
    assert first["trace_id"] == trace_of("app_1")
    assert first["parent_id"] == spans.span_of("e1")
    assert (first["kind"], first["error"]) == ("consumer", "KeyError")
    assert first["attributes"] == {"messaging.system": "rabbitmq", "error.type": "KeyError"}
    assert "a name" not in file.read_text()


def test_spans_are_sent_to_a_collector(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    end = trace_export.start("matcher", None)
    work()
    end()

    (sent,) = collector.requests
    (resource,) = sent.resource_spans
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    (span,) = resource.scope_spans[0].spans
    assert (named["service.namespace"], named["service.name"]) == ("yizheng", "matcher")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace_of("app_1"), spans.span_of("e1"))


def test_the_share_that_is_sampled_takes_whole_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    end = trace_export.start("matcher", tmp_path / "traces.jsonl")
    for case in [f"app_{number}" for number in range(200)] * 2:
        span = Span("x", "internal")
        span.join(case)
        with working(span):
            pass
    end()

    traces = [json.loads(line)["trace_id"] for line in (tmp_path / "traces.jsonl").read_text().splitlines()]
    assert 50 < len(set(traces)) < 150
    assert all(traces.count(trace) == 2 for trace in set(traces))


def test_without_being_asked_nothing_is_imported_or_recorded() -> None:
    code = (
        "import sys; from web import trace_export; trace_export.start('matcher', None)(); "
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    assert subprocess.call([sys.executable, "-c", code]) == 0  # noqa: S603 - our own words
