"""Alerts, dashboards and scrape configurations are what Prometheus accepts, and each alert was seen to fire."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_stack.certificates import authority_file
from local_stack.layout import ROOT
from local_stack.ports import PROCESSES, SERVICES, Ports
from local_stack.run import TARGETS
from local_stack.services import targets
from testkit.patience import PATIENCE
from tests.monitoring import shown

RUNBOOK = ROOT / "docs" / "runbook.md"
SAID = ("summary", "summary_zh", "description", "description_zh", "runbook")


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own files
        ["/usr/bin/promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus.local.yml"])
def test_prometheus_accepts_its_configuration_and_the_rules(name: str) -> None:
    promtool("check", "config", shown.MONITORING / name)


def test_every_alert_fires_when_it_should_and_not_otherwise() -> None:
    promtool("test", "rules", shown.RULE_TESTS)


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tested = {test.name: test.promql_expr_test for test in shown.rule_tests()}
    for alert in shown.alerts():
        expected = tested[alert.alert]
        assert all(f'alertname="{alert.alert}"' in each.expr for each in expected)
        assert {bool(each.exp_samples) for each in expected} == {True, False}


@pytest.mark.parametrize("alert", shown.alerts(), ids=lambda alert: alert.alert)
def test_every_alert_says_in_two_languages_what_it_means_and_where_to_read_on(alert: shown.Rule) -> None:
    assert alert.labels["severity"] in {"info", "warning", "critical"}
    assert all(alert.annotations[name] for name in SAID)
    assert re.search(r"[\u4e00-\u9fff]", alert.annotations["summary_zh"] + alert.annotations["description_zh"])
    page, _, anchor = alert.annotations["runbook"].partition("#")
    assert ROOT / page == RUNBOOK
    assert f'<a id="{anchor}"></a>' in RUNBOOK.read_text(encoding="utf-8")


def test_every_place_in_the_runbook_is_there_once() -> None:
    places = re.findall(r'<a id="([^"]+)"></a>', RUNBOOK.read_text(encoding="utf-8"))

    assert len(places) == len(set(places))


def test_the_runbook_asks_every_service() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")

    assert f'services="{" ".join(SERVICES)}"' in text
    assert f"[$((base + 1))-$((base + {len(SERVICES)}))]" in text


def test_dashboards_have_a_choice_of_source_and_panels_of_their_own() -> None:
    for board in shown.dashboards():
        numbers = [panel.id for panel in board.panels]
        assert len(numbers) == len(set(numbers))
        assert ("datasource", "datasource") in {(each.name, each.type) for each in board.templating.list}
        assert all(panel.targets for panel in board.panels if panel.type != "row")


def test_prometheus_can_read_every_expression_of_the_dashboards(tmp_path: Path) -> None:
    every = [{"record": f"shown:{number}", "expr": expr} for number, expr in enumerate(shown.shown())]
    (tmp_path / "shown.json").write_text(json.dumps({"groups": [{"name": "shown", "rules": every}]}))

    promtool("check", "rules", tmp_path / "shown.json")


def test_what_is_recorded_is_used_and_what_is_used_is_recorded() -> None:
    recorded = {rule.record for rule in shown.rules() if rule.record}
    used = re.findall(r"yizheng:[a-z_]+:[a-z0-9]+", " ".join([*shown.shown(), *(r.expr for r in shown.alerts())]))

    assert recorded == set(used)


def jobs_of(name: str) -> dict[str, dict[str, Any]]:
    config = yaml.safe_load((shown.MONITORING / name).read_text(encoding="utf-8"))
    return {job["job_name"]: job for job in config["scrape_configs"]}


def test_every_process_and_every_node_is_asked_where_it_listens() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    replicas, project = compose["x-service"]["deploy"]["replicas"], compose["name"]
    jobs = jobs_of("prometheus.yml")
    asked = {each["labels"]["service"]: each["targets"] for each in jobs["yizheng"]["static_configs"]}

    assert asked == {
        service: [f"{project}-{service}-{number}:8000" for number in range(1, replicas + 1)] for service in PROCESSES
    }
    nodes = [name for name in compose["services"] if name.startswith("broker-")]
    assert jobs["broker"]["static_configs"] == [{"targets": [f"{name}:15692" for name in nodes]}]


def test_a_run_on_this_machine_says_itself_which_processes_are_to_be_asked() -> None:
    job = jobs_of("prometheus.local.yml")["yizheng"]
    [found] = job["file_sd_configs"]
    trusted = (shown.MONITORING / job["tls_config"]["ca_file"]).resolve()
    assert trusted == authority_file(ROOT / "var" / "keys")
    ports = Ports(replicas=2)
    asked = {each["labels"]["service"]: each["targets"] for each in json.loads(targets(ports))}

    for other, scheme in ((ports, "http"), (replace(ports, services_tls=True), "https")):
        assert {each["labels"]["__scheme__"] for each in json.loads(targets(other))} == {scheme}
    assert [(shown.MONITORING / path).resolve() for path in found["files"]] == [ROOT / "var" / TARGETS]
    assert asked == {service: [f"127.0.0.1:{port}" for port in ports.of(service)] for service in PROCESSES}
