"""docker-compose.yml runs what `careline up` runs, with the same environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.local.jdk import Jdk
from deploy.local.kafka import KafkaNode, render_properties
from deploy.local.pin import ELASTICSEARCH_VERSION, KAFKA_VERSION
from deploy.local.ports import ELASTICSEARCH, KAFKA
from deploy.local.services import (
    SERVICES,
    SETUP,
    ServiceSpec,
    addresses,
    party_key,
    service_environment,
)

DATA = "/var/lib/careline"
BY_NAME = {spec.name: spec for spec in SERVICES}

# What containers need beyond the local runner's variables.
BEYOND = {"CARELINE_BIND": "0.0.0.0"}
# The accounts are mounted; the local runner makes some for its own use.
MOUNTED = {"CARELINE_ACCOUNTS": "/etc/careline/accounts.yaml"}
# Off unless .env says otherwise.
ACKNOWLEDGING = {
    "CARELINE_ACKNOWLEDGE_AFTER_SECONDS": "${CARELINE_ACKNOWLEDGE_AFTER_SECONDS:-0}",
    "CARELINE_ACKNOWLEDGE_CHANNELS": "${CARELINE_ACKNOWLEDGE_CHANNELS:-}",
    "CARELINE_ACKNOWLEDGE_TEXTS": "/etc/careline/acknowledgements.yaml",
}
INSTEAD_OF = {"gateway": MOUNTED, "gateway-sender": MOUNTED, "conversation": ACKNOWLEDGING}

# About addresses and folders, which differ by nature.
OF_THE_PLACE = (
    "advertised.listeners",
    "controller.quorum.voters",
    "listeners",
    "log.dirs",
    "inter.broker.listener.name",
)


def expected_environment(spec: ServiceSpec, run_dir: Path) -> dict[str, str]:
    """Return what the local runner gives, with the names of containers instead of loopback."""
    ports = {each.name: each.ports for each in SERVICES}
    reached_at = addresses(KAFKA, ELASTICSEARCH, SERVICES, ports)
    local = service_environment(spec, spec.name, spec.ports, reached_at, run_dir)
    hosts = {KAFKA: "kafka:9092", ELASTICSEARCH: "elasticsearch:9200"}
    for each in SERVICES:
        for port in filter(None, (each.ports.grpc, each.ports.http)):
            hosts[port] = f"{each.name}:{port}"

    def moved(value: str) -> str:
        inside = value.replace(str(run_dir), DATA)
        return re.sub(r"127\.0\.0\.1:(\d+)", lambda match: hosts[int(match[1])], inside)

    return {
        **{name: moved(value) for name, value in local.items()},
        **BEYOND,
        **INSTEAD_OF.get(spec.name, {}),
    }


def test_it_has_the_services_of_the_local_stack_and_no_other(compose: Any) -> None:
    ours = {name for name, service in compose["services"].items() if _is_ours(service)}
    assert ours == {*BY_NAME, *(task.name for task in SETUP)}


def _is_ours(service: Any) -> bool:
    return str(service["image"]).startswith("careline:")


@pytest.mark.parametrize("name", BY_NAME)
def test_a_service_runs_the_same_module_with_the_same_arguments(compose: Any, name: str) -> None:
    spec = BY_NAME[name]
    assert compose["services"][name]["command"] == ["python", "-m", spec.module, *spec.args]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_service_gets_the_environment_of_the_local_runner(
    compose: Any, name: str, tmp_path: Path
) -> None:
    given = dict(compose["services"][name]["environment"])
    expected = expected_environment(BY_NAME[name], tmp_path)
    assert expected.pop("CARELINE_PARTY_KEY") == party_key(tmp_path)
    # Nothing starts with a key that somebody else knows.
    assert given.pop("CARELINE_PARTY_KEY").startswith("${CARELINE_PARTY_KEY:?")
    assert given == expected


@pytest.mark.parametrize("name", BY_NAME)
def test_a_service_starts_after_the_topics_the_nodes_and_what_it_depends_on(
    compose: Any, name: str
) -> None:
    waits_for = {
        other: condition["condition"]
        for other, condition in compose["services"][name]["depends_on"].items()
    }
    assert waits_for == {
        "topics": "service_completed_successfully",
        "kafka": "service_healthy",
        "elasticsearch": "service_healthy",
        **dict.fromkeys(BY_NAME[name].depends, "service_healthy"),
    }


def test_the_tasks_run_once_and_a_failure_is_tried_again(compose: Any) -> None:
    for task in SETUP:
        service = compose["services"][task.name]
        assert service["command"] == ["python", "-m", task.module, *task.args]
        assert service["restart"].startswith("on-failure")


def test_every_published_port_is_on_loopback(compose: Any) -> None:
    ports = [
        str(port) for service in compose["services"].values() for port in service.get("ports", ())
    ]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize(
    "spec", [spec for spec in SERVICES if spec.ports.http], ids=lambda s: s.name
)
def test_what_people_open_has_the_port_of_the_local_stack(compose: Any, spec: ServiceSpec) -> None:
    http = spec.ports.http
    assert compose["services"][spec.name]["ports"] == [f"127.0.0.1:{http}:{http}"]


def test_no_service_of_ours_may_do_more_than_it_must(compose: Any) -> None:
    for service in filter(_is_ours, compose["services"].values()):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_broker_is_set_as_the_local_one(compose: Any, tmp_path: Path) -> None:
    node = KafkaNode(
        folder=tmp_path,
        log=tmp_path / "kafka.log",
        port=1,
        controller_port=2,
        libs=tmp_path,
        jdk=Jdk(tmp_path, 25),
    )
    local = dict(line.split("=", 1) for line in render_properties(node).splitlines())
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in compose["services"]["kafka"]["environment"].items()
        if name != "KAFKA_HEAP_OPTS"
    }
    for settings in (local, given):
        for name in OF_THE_PLACE:
            settings.pop(name, None)
    assert given == local


def test_the_nodes_are_the_versions_of_the_local_stack(compose: Any) -> None:
    services = compose["services"]
    assert services["kafka"]["image"].endswith(f":{KAFKA_VERSION}")
    assert services["elasticsearch"]["image"].endswith(f":{ELASTICSEARCH_VERSION}")
