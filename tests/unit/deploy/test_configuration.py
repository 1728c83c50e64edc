from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local.account import Account
from deploy.local.elasticsearch import ElasticsearchNode, render_settings
from deploy.local.errors import LocalStackError
from deploy.local.jdk import Jdk
from deploy.local.kafka import KafkaNode, answers, render_properties
from deploy.local.ports import free_port

JDK = Jdk(Path("/jdk"), 25)
STRANGER = Account("stranger", 65534, 65534)


def kafka_node(tmp_path: Path, **properties: str) -> KafkaNode:
    return KafkaNode(
        folder=tmp_path / "kafka",
        log=tmp_path / "kafka.log",
        port=19092,
        controller_port=19093,
        libs=Path("/libs"),
        jdk=JDK,
        properties=properties,
    )


def elasticsearch_node(tmp_path: Path, account: Account | None = None) -> ElasticsearchNode:
    return ElasticsearchNode(
        folder=tmp_path / "elasticsearch",
        log=tmp_path / "elasticsearch.log",
        port=19200,
        transport_port=19300,
        home=tmp_path,
        jdk=Jdk(tmp_path, 25),
        account=account,
        jvm_options=("-XX:+UseG1GC",),
    )


def test_the_broker_listens_on_loopback_only_and_creates_no_topic_by_itself(
    tmp_path: Path,
) -> None:
    lines = render_properties(kafka_node(tmp_path)).splitlines()

    assert "listeners=PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093" in lines
    assert "advertised.listeners=PLAINTEXT://127.0.0.1:19092" in lines
    assert "auto.create.topics.enable=false" in lines
    assert f"log.dirs={tmp_path}/kafka/data" in lines


def test_a_callers_property_replaces_the_default(tmp_path: Path) -> None:
    node = kafka_node(tmp_path, **{"log.segment.ms": "100", "broker.session.timeout.ms": "9000"})
    lines = render_properties(node).splitlines()

    assert "log.segment.ms=100" in lines
    assert [line for line in lines if line.startswith("broker.session.timeout.ms")] == [
        "broker.session.timeout.ms=9000"
    ]


def test_the_broker_runs_on_the_found_jdk_with_its_heap(tmp_path: Path) -> None:
    argv = kafka_node(tmp_path).spec().command.argv

    assert argv[0] == "/jdk/bin/java"
    assert "-Xmx512m" in argv
    assert argv[-2:] == ["kafka.Kafka", f"{tmp_path}/kafka/server.properties"]


def test_nothing_listening_is_not_a_healthy_broker() -> None:
    assert not answers(free_port(set()))


def test_elasticsearch_stays_on_loopback_and_within_its_folder(tmp_path: Path) -> None:
    lines = render_settings(elasticsearch_node(tmp_path)).splitlines()

    assert "network.host: 127.0.0.1" in lines
    assert "http.port: 19200" in lines
    assert f"path.data: {tmp_path}/elasticsearch/data" in lines


def test_elasticsearch_gets_no_secret_of_the_caller_and_a_later_jvm_option_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-agentlib:jdwp")

    env = elasticsearch_node(tmp_path).spec().command.env

    assert not {"SOME_TOKEN", "JAVA_TOOL_OPTIONS"} & set(env)
    assert env["ES_JAVA_OPTS"].startswith("-Xms256m -Xmx1g ")
    assert env["ES_JAVA_OPTS"].endswith(" -XX:+UseG1GC")


def test_a_closed_folder_on_the_way_is_named_before_elasticsearch_fails_on_it(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not STRANGER.can_reach(closed / "elasticsearch")
    with pytest.raises(LocalStackError, match=r"'stranger', who cannot enter the folders above"):
        elasticsearch_node(closed, STRANGER).prepare()


def test_the_owner_of_a_folder_may_enter_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    owner = Account("me", os.getuid(), os.getgid())

    assert owner._can_enter(closed)
