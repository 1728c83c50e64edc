"""Alerts and dashboard: they name metrics that exist, and lead to a page that says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from deploy.local.services import SERVICES
from services.kernel.telemetry import metrics

SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
OURS = re.compile(r"\b(?:careline|grpc_server)_\w+")


def declared_series() -> set[str]:
    """Name every series of ``services.kernel.telemetry.metrics`` as Prometheus stores it."""
    names: set[str] = set()
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            for family in metric.describe():
                names.update(family.name + suffix for suffix in SUFFIXES[family.type])
    return names


def test_every_metric_in_a_rule_is_declared(rules: dict[str, Any]) -> None:
    named = {name for rule in rules.values() for name in OURS.findall(rule["expr"])}
    assert named
    assert named <= declared_series()


def test_every_metric_in_the_dashboard_is_declared(repository: Path) -> None:
    dashboard = json.loads((repository / "dashboards/grafana/careline.json").read_text("utf-8"))
    queries = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
    named = {name for query in queries for name in OURS.findall(query)}
    assert named
    assert named <= declared_series()


def test_every_declared_lane_gateway_and_freshness_metric_is_on_the_dashboard(
    repository: Path,
) -> None:
    text = (repository / "dashboards/grafana/careline.json").read_text("utf-8")
    shown = ("careline_lane_", "careline_gateway_", "careline_kpi_", "careline_wall_")
    families = {
        family.name
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
        for family in metric.describe()
        if family.name.startswith(shown)
    }
    # The rate of records says nothing that the rate of events does not.
    families -= {"careline_lane_records"}
    assert {name for name in families if name not in text} == set()


def test_every_alert_says_how_bad_it_is_what_happened_and_what_to_do(
    rules: dict[str, Any], repository: Path
) -> None:
    for name, rule in rules.items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert rule["annotations"]["summary"], name
        page = repository / rule["annotations"]["runbook"]
        assert f"`{name}`" in page.read_text("utf-8"), f"{page.name} does not name {name}"


def test_every_alert_that_a_runbook_names_exists(rules: dict[str, Any], repository: Path) -> None:
    for page in sorted((repository / "docs/runbooks").glob("*.md")):
        named = set(re.findall(r"`(Careline[A-Z]\w+)`", page.read_text("utf-8")))
        assert named <= set(rules), page.name


def alert_tests(repository: Path) -> Iterator[Any]:
    for path in sorted((repository / "deploy/prometheus/tests").glob("*.yml")):
        for test in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            yield from test["alert_rule_test"]


def test_every_alert_is_tested_firing_and_silent(rules: dict[str, Any], repository: Path) -> None:
    cases = list(alert_tests(repository))
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(rules)
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == set(rules)


@pytest.mark.parametrize(
    ("file", "by_name"), [("prometheus.yml", True), ("local.yml", False)], ids=["compose", "local"]
)
def test_every_service_is_scraped(repository: Path, file: str, by_name: bool) -> None:
    document = yaml.safe_load((repository / "deploy/prometheus" / file).read_text("utf-8"))
    (job,) = document["scrape_configs"]
    assert job["job_name"] == "careline"
    scraped = {entry["labels"]["service"]: entry["targets"] for entry in job["static_configs"]}
    assert scraped == {
        spec.name: [f"{spec.name if by_name else '127.0.0.1'}:{spec.ports.metrics}"]
        for spec in SERVICES
    }


def test_the_dashboard_asks_the_provisioned_data_source(repository: Path) -> None:
    provisioning = repository / "dashboards/grafana/provisioning/datasources/prometheus.yml"
    (source,) = yaml.safe_load(provisioning.read_text("utf-8"))["datasources"]
    dashboard = json.loads((repository / "dashboards/grafana/careline.json").read_text("utf-8"))
    asked = {panel["datasource"]["uid"] for panel in dashboard["panels"] if "datasource" in panel}
    assert asked == {source["uid"]}


def test_no_two_panels_overlap(repository: Path) -> None:
    dashboard = json.loads((repository / "dashboards/grafana/careline.json").read_text("utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
