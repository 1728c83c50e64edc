"""Policies from a file, and how the service starts with them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from services.sla import __main__ as command
from services.sla import adapters
from services.sla.adapters.policies import BuiltInPolicies, PolicyFile
from services.sla.bootstrap import bootstrap, policy_source
from services.sla.domain.plain_data import DataError
from services.sla.domain.policies import Subject
from services.sla.settings import Settings

EXAMPLE = Path(str(adapters.__file__)).with_name("policies.example.yaml")
MINUTE_US = 60_000_000

SMALL = """\
calendars:
  - {id: always, version: 1, time_zone: UTC, hours: null}
policies:
  - id: all
    version: 1
    calendar: always
    targets: {first_response: {within: 1h}}
"""


def settings(policies: str = "") -> Settings:
    return Settings(kafka="127.0.0.1:1", grpc_port=0, metrics_port=0, policies=policies)


def test_the_example_is_a_policies_file() -> None:
    book = PolicyFile(EXAMPLE).load()
    chosen = {
        "urgent": Subject("x", "", "urgent"),
        "live-channels": Subject("phone"),
        "acme-in-the-evening": Subject("wechat", "acme"),
        "everything-else": Subject("mail"),
    }
    for policy_id, subject in chosen.items():
        policy = book.choose(subject)
        assert policy is not None
        assert policy.policy_id == policy_id


@pytest.mark.parametrize(
    ("channel", "minutes"),
    [
        ("web_chat", 5),
        ("phone", 5),
        ("whatsapp", 30),
        ("wechat", 30),
        ("telegram", 30),
        ("x", 60),
        ("webhook", 60),
        ("mail", 240),
        ("helpdesk", 240),
    ],
)
def test_every_channel_that_flows_has_a_built_in_promise(channel: str, minutes: int) -> None:
    policy = BuiltInPolicies().load().choose(Subject(channel))
    assert policy is not None
    assert policy.targets["first_response"].target_us == minutes * MINUTE_US


def test_a_file_is_read_where_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(SMALL)
    assert policy_source(settings(str(path))).load().in_force[0].policy_id == "all"
    assert isinstance(policy_source(settings()), BuiltInPolicies)


def test_the_books_version_is_part_of_the_decision_version(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(SMALL)
    built_in = bootstrap(settings()).core.spec.decision_version
    own = bootstrap(settings(str(path))).core.spec.decision_version
    path.write_text("# A comment changes nothing.\n" + SMALL)
    commented = bootstrap(settings(str(path))).core.spec.decision_version
    path.write_text(SMALL.replace("1h", "2h"))
    changed = bootstrap(settings(str(path))).core.spec.decision_version
    assert own == commented
    assert len({built_in, own, changed}) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            SMALL.replace("1h", "2d"),
            r"policies\.yaml: policies\[0\]\.targets\.first_response\.within: '2d' is not",
        ),
        (SMALL.replace("always, version", "all, version"), r"policies\[0\]\.calendar: no calendar"),
        (SMALL + "    version: 2\n", r"policies\.yaml: the key 'version' stands here twice"),
        (SMALL + "  - [\n", r"policies\.yaml: while parsing"),
        ("", r"policies\.yaml: expected a mapping, got NoneType"),
        ("policies: []\n", r"policies\.yaml: 'calendars' is missing"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        PolicyFile(path).load()


def test_a_line_of_yaml_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(SMALL + "    version: 2\n")
    with pytest.raises(DataError, match="line 8, column 5"):
        PolicyFile(path).load()


def test_a_file_that_is_not_there_is_named_with_the_variable(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.yaml: cannot be read .* CARELINE_POLICIES"):
        PolicyFile(tmp_path / "gone.yaml").load()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "CARELINE_KAFKA is not set; CARELINE_GRPC_PORT is not set"),
        (
            {
                "CARELINE_KAFKA": "127.0.0.1:1",
                "CARELINE_GRPC_PORT": "0",
                "CARELINE_METRICS_PORT": "0",
                "CARELINE_POLICIES": "/nowhere/policies.yaml",
            },
            "/nowhere/policies.yaml: cannot be read",
        ),
    ],
)
def test_the_service_does_not_start_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(sys, "argv", ["sla"])
    with pytest.raises(SystemExit, match=message):
        command.main()
