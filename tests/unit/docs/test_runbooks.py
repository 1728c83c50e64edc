"""What the pages name of a running system is what the system has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from services.kernel.telemetry import metrics

_ALERT = re.compile(r"\bCareline[A-Z]\w+")
_METRIC = re.compile(r"\bcareline_\w+")
_VARIABLE = re.compile(r"\bCARELINE_\w+")
_ERROR = re.compile(r"`(\w+Error)`")


class Page(Protocol):
    text: str


@pytest.fixture(scope="module")
def rules(repository: Path) -> dict[str, Any]:
    """The alert rules by name."""
    return {
        rule["alert"]: rule
        for path in sorted((repository / "deploy/prometheus/rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    }


@pytest.fixture(scope="module")
def sources(repository: Path) -> list[str]:
    """The program text that settings and errors are declared in."""
    folders = ("services", "dashboards", "deploy")
    return [
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in (repository / folder).rglob("*.py")
    ]


def test_every_alert_that_a_page_names_exists(
    pages: dict[str, Page], rules: dict[str, Any]
) -> None:
    assert [found for found in _found(_ALERT, pages) if found[1] not in rules] == []


def test_every_runbook_is_where_an_alert_sends_and_names_it(
    pages: dict[str, Page], rules: dict[str, Any]
) -> None:
    named: dict[str, set[str]] = {}
    for alert, rule in rules.items():
        named.setdefault(rule["annotations"]["runbook"], set()).add(alert)
    runbooks = {name for name in pages if name.startswith("docs/runbooks/")}
    assert set(named) == runbooks
    for name, alerts in named.items():
        assert alerts <= set(_ALERT.findall(pages[name].text)), name


def test_every_metric_that_a_page_names_is_declared(pages: dict[str, Page]) -> None:
    declared = {
        sample
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
        for family in metric.describe()
        for sample in (family.name, f"{family.name}_total", f"{family.name}_bucket")
    }
    assert [found for found in _found(_METRIC, pages) if found[1] not in declared] == []


def test_every_variable_that_a_page_names_is_read(
    pages: dict[str, Page], sources: list[str]
) -> None:
    text = "\n".join(sources)
    settings = {
        f"CARELINE_{name.upper()}" for name in re.findall(r"^    (\w+): ", text, re.MULTILINE)
    }
    unread = [
        found
        for found in _found(_VARIABLE, pages)
        if found[1] not in settings and found[1] not in text
    ]
    assert unread == []


def test_every_error_that_a_page_names_is_raised_by_that_name(
    pages: dict[str, Page], sources: list[str]
) -> None:
    text = "\n".join(sources)
    assert [found for found in _found(_ERROR, pages) if f"class {found[1]}(" not in text] == []


def _found(pattern: re.Pattern[str], pages: dict[str, Page]) -> Iterator[tuple[str, str]]:
    for name, page in pages.items():
        for word in pattern.findall(page.text):
            yield name, word
