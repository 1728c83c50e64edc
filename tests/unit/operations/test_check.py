"""``python -m deploy.check`` names the place and the remedy of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from deploy import system_packages
from deploy.check import alerts, compose, contracts
from deploy.check.results import Outcome, Result, complaints, judged
from deploy.system_packages import InstallError, SystemPackage
from services.kernel.topics import declared_topics

HEAD = "intake.event-accepted.v1"


def test_a_result_is_a_line_with_a_mark() -> None:
    assert str(Result("alerts", Outcome.PASSED, "fine")).startswith("✓ alerts")
    assert str(judged("alerts", ["one", "two"], "fine")).split() == ["✗", "alerts", "one", "two"]


def test_a_tool_that_fails_without_a_word_is_still_a_failure() -> None:
    assert complaints("true") == []
    assert complaints("false") == ["false ended with 1 and said nothing"]


def test_the_committed_compose_file_passes() -> None:
    assert compose.check_compose().outcome is Outcome.PASSED


def test_an_unknown_key_breaks_the_compose_schema() -> None:
    document = {"services": {"sla": {"image": "careline:local", "comand": "python"}}}
    (problem,) = compose._violations(document)
    assert "$.services.sla" in problem
    assert "comand" in problem


@pytest.mark.parametrize("image", ["prom/prometheus", "prom/prometheus:latest", "kafka:4"])
def test_an_image_without_a_version_is_named(image: str) -> None:
    (problem,) = compose.unpinned_images({"services": {"prometheus": {"image": image}}})
    assert "services.prometheus.image" in problem


def test_a_mounted_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "there.yaml").touch()
    volumes = ["data:/x", "./there.yaml:/y:ro", "${FILE:-./missing.yaml}:/z:ro"]
    problems = list(
        compose.missing_files({"services": {"gateway": {"volumes": volumes}}}, tmp_path)
    )
    assert problems == [
        "docker-compose.yml: services.gateway.volumes: ./missing.yaml does not exist"
    ]


def test_a_variable_that_the_example_leaves_out_is_named() -> None:
    text = "a: ${KNOWN:?why}\nb: ${OPTIONAL:-1}\nc: ${NEW_ONE}\n"
    problems = list(compose.undocumented_variables(text, "KNOWN=1\n#OPTIONAL=\n"))
    assert problems == ["docker-compose.yml: ${NEW_ONE} is not in .env.example"]


def test_the_declared_topics_pass() -> None:
    assert contracts.check_topics().outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "careline.event.v1.Evnet"}, "is no message"),
        ({"dead_letter": "nowhere.v1.dlq"}, "is not declared"),
        ({"retention": "a week"}, "retention"),
    ],
    ids=["schema", "dead letter", "retention"],
)
def test_a_topic_that_cannot_be_is_named(change: dict[str, Any], reason: str) -> None:
    topics = {**declared_topics(), HEAD: replace(declared_topics()[HEAD], **change)}
    (problem,) = contracts.topic_problems(topics, contracts.known_messages())
    assert HEAD in problem
    assert reason in problem


def test_a_baseline_must_exist_be_readable_and_hold_something(tmp_path: Path) -> None:
    path = tmp_path / "baseline.binpb"
    assert "is missing" in contracts.check_baseline(path).detail
    path.write_bytes(b"")
    assert "holds no file" in contracts.check_baseline(path).detail
    path.write_bytes(b"\xff\xff")
    assert "cannot be read" in contracts.check_baseline(path).detail
    image = FileDescriptorSet()
    image.file.add(name="careline/event/v1/event.proto")
    path.write_bytes(image.SerializeToString())
    assert contracts.check_baseline(path).outcome is Outcome.PASSED


@pytest.fixture
def no_promtool(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = SystemPackage("promtool", "prometheus", "the tests of the alerts", lambda: False)
    monkeypatch.setattr(alerts, "PROMTOOL", absent)
    monkeypatch.setattr("shutil.which", lambda _name: None)


@pytest.mark.usefixtures("no_promtool")
def test_a_missing_promtool_is_said_and_passed_over_at_a_desk() -> None:
    result = alerts.check_alerts({})
    assert result.outcome is Outcome.SKIPPED
    assert "apt-get install prometheus" in result.detail
    assert "hosted CI" in result.detail


@pytest.mark.usefixtures("no_promtool")
def test_a_missing_promtool_is_installed_in_ci_where_that_is_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed: list[SystemPackage] = []
    monkeypatch.setattr(alerts, "can_install", lambda: True)
    monkeypatch.setattr(alerts, "install", installed.extend)
    assert alerts.check_alerts({"CI": "true"}).outcome is Outcome.FAILED
    assert [each.package for each in installed] == ["prometheus"]


@pytest.mark.usefixtures("no_promtool")
def test_an_installation_that_fails_in_ci_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_packages: object) -> None:
        raise InstallError("apt-get update failed: no route")

    monkeypatch.setattr(alerts, "can_install", lambda: True)
    monkeypatch.setattr(alerts, "install", fail)
    result = alerts.check_alerts({"CI": "true"})
    assert result.outcome is Outcome.FAILED
    assert "no route" in result.detail


Present = Callable[[], bool]


def package(name: str, *, present: Present = lambda: False) -> SystemPackage:
    return SystemPackage(name, name.lower(), "a test", present)


def test_what_is_missing_is_told_in_one_sentence() -> None:
    wanted = [package("Chromium"), package("Here", present=lambda: True), package("Fonts")]
    absent = system_packages.missing(wanted)
    assert system_packages.remedy(absent) == (
        "missing: Chromium for a test; Fonts for a test. "
        "Install it, on Debian with: apt-get install chromium fonts"
    )
