"""What is written for Prometheus and Grafana, as the tests look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from local_stack.layout import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
RULES = MONITORING / "rules.yml"
RULE_TESTS = MONITORING / "rules.test.yml"
DASHBOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))

_METRIC = re.compile(r"\b(?:yizheng|process)_[a-z_]+\b")


class Loose(BaseModel):
    """Only what the tests look at."""

    model_config = ConfigDict(extra="ignore")


class Rule(Loose):
    """An alert, or a recorded expression."""

    alert: str = ""
    record: str = ""
    expr: str
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class Target(Loose):
    """One expression of a panel."""

    expr: str


class Panel(Loose):
    id: int
    type: str
    title: str
    targets: list[Target] = []


class Variable(Loose):
    """What can be chosen above a dashboard."""

    name: str
    type: str


class Templating(Loose):
    """All that can be chosen above a dashboard."""

    list: list[Variable]


class Dashboard(Loose):
    uid: str
    panels: list[Panel]
    templating: Templating


class _Group(Loose):
    rules: list[Rule]


class _Groups(Loose):
    groups: list[_Group]


class RuleTest(Loose):
    """A unit test of a rule."""

    class Expected(Loose):
        """What an expression must give at some moment."""

        expr: str
        exp_samples: list[object]

    name: str
    promql_expr_test: list[Expected] = []


def rules() -> list[Rule]:
    """Every rule that is deployed."""
    return [rule for group in _Groups.model_validate(_yaml(RULES)).groups for rule in group.rules]


def alerts() -> list[Rule]:
    """Every alert that is deployed."""
    return [rule for rule in rules() if rule.alert]


def rule_tests() -> list[RuleTest]:
    """The unit tests of the rules."""
    return TypeAdapter(list[RuleTest]).validate_python(_yaml(RULE_TESTS)["tests"])


def dashboards() -> Iterator[Dashboard]:
    """Every dashboard that is deployed."""
    for path in DASHBOARDS:
        yield Dashboard.model_validate_json(path.read_text(encoding="utf-8"))


def shown() -> list[str]:
    """Every expression of every dashboard, with what Grafana puts in for its variables."""
    targets = [target.expr for board in dashboards() for panel in board.panels for target in panel.targets]
    return [expr.replace("$__rate_interval", "1m").replace("$service", ".*") for expr in targets]


def metrics_in(expressions: list[str]) -> set[str]:
    """The names of the metrics that expressions read."""
    return {name for expr in expressions for name in _METRIC.findall(re.sub(r'"[^"]*"', "", expr))}


def _yaml(path: Path) -> dict[str, object]:
    return TypeAdapter(dict[str, object]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
