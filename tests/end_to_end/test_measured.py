"""What alerts and dashboards read is what the running system tells, and Prometheus gets it."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from local_stack import services
from local_stack.certificates import authority_file
from local_stack.layout import ROOT
from local_stack.ports import HOST, PROCESSES, SERVICES
from local_stack.run import TARGETS
from local_stack.stack import Stack
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE
from tests.end_to_end.town import Town
from tests.journeys.waiting import until
from tests.monitoring import shown

PORTS = 22000
"""From here on: none of those from which the system gives any connection its own."""


async def test_every_metric_that_is_read_is_told(town: Town) -> None:
    await town.welcome(town.meet("newcomers"))
    names = shown.metrics_in([*shown.shown(), *(rule.expr for rule in shown.rules())])

    told = await until(lambda: _told(town.stack), lambda it: names <= it.keys(), what=f"{len(names)} metrics")

    assert names <= told.keys()


async def test_labels_name_routes_as_they_are_asked_for_and_no_person(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    await resident.send("GET", f"/v1/residents/{town.ids[made.head.number]}")

    async with httpx.AsyncClient() as client:
        texts = [(await client.get(url)).text for url in _addresses(town.stack).values()]

    routes = set(re.findall(r'route="([^"]*)"', "".join(texts)))
    assert any(route.startswith("/v1/residents/{") for route in routes)
    assert {route.split("/")[1] if "/" in route else route for route in routes} <= {"v1", "operations", "unknown"}
    for person in made.people:
        assert not any(town.ids[person.number] in text or person.number in text for text in texts)


async def test_prometheus_reaches_every_service_and_loads_the_rules(stack: Stack, tmp_path: Path) -> None:
    running = {name: str(int(name in SERVICES)) for name in PROCESSES}  # the portal is asked for, too, but not started
    with _prometheus(stack, tmp_path) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            up = await until(lambda: _up(client), lambda it: it == running, what="all are up")
            groups = (await client.get("/api/v1/rules")).json()["data"]["groups"]
            loaded = {rule["name"] for group in groups for rule in group["rules"] if rule["type"] == "alerting"}

    assert up == running
    assert loaded == {alert.alert for alert in shown.alerts()}


@contextmanager
def _prometheus(stack: Stack, folder: Path) -> Iterator[str]:
    """Run Prometheus beside this stack as beside `make run`, with what that writes for it; only without patience."""
    config = yaml.safe_load((shown.MONITORING / "prometheus.local.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "3s"}
    config["rule_files"] = [str(shown.RULES)]
    config["scrape_configs"][0]["tls_config"] = {"ca_file": str(authority_file(stack.layout.keys))}
    beside = folder / shown.MONITORING.relative_to(ROOT)  # from where the targets are found as in the project
    beside.mkdir(parents=True)
    (beside / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "var").mkdir()
    (folder / "var" / TARGETS).write_text(services.targets(stack.ports), encoding="utf-8")
    port = free_ports(PORTS).base
    options = {"config.file": beside / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    command = [f"--{name}={value}" for name, value in {**options, "web.listen-address": f"{HOST}:{port}"}.items()]
    with (folder / "prometheus.log").open("w") as log:
        running = subprocess.Popen(["/usr/bin/prometheus", *command], stdout=log, stderr=log)  # noqa: S603 - our own words
        try:
            yield f"http://{HOST}:{port}"
        finally:
            running.terminate()
            running.wait(timeout=PATIENCE)


async def _up(client: httpx.AsyncClient) -> dict[str, str]:
    try:
        answer = await client.get("/api/v1/query", params={"query": "up"})
    except httpx.TransportError:  # it is still starting
        return {}
    if not answer.is_success:  # the same
        return {}
    return {each["metric"]["service"]: each["value"][1] for each in answer.json()["data"]["result"]}


async def _told(stack: Stack) -> dict[str, str]:
    """Every metric with its kind; a histogram and a counter under the names of their series."""
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(*(client.get(url) for url in _addresses(stack).values()))
    text = "\n".join(answer.text for answer in answers)
    declared = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    series = {name: kind for name, kind in declared.items() if kind != "histogram"}
    histograms = (name for name, kind in declared.items() if kind == "histogram")
    return series | {f"{name}_{part}": "histogram" for name in histograms for part in ("bucket", "count", "sum")}


def _addresses(stack: Stack) -> dict[str, str]:
    return {name: f"http://{HOST}:{stack.ports.service(name)}/metrics" for name in SERVICES}
