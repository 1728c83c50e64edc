"""Make Kafka and Elasticsearch startable: the JDK, the fetched files, folders and ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.account import unprivileged_account
from deploy.local.artifacts import fetch_elasticsearch, fetch_kafka
from deploy.local.cache import cache_dir
from deploy.local.data import elasticsearch_folder
from deploy.local.elasticsearch import ElasticsearchNode
from deploy.local.jdk import find_jdk
from deploy.local.kafka import KafkaNode
from deploy.local.ports import Ports
from deploy.local.progress import Quiet, Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """What a test or a larger machine may want different."""

    kafka_properties: Mapping[str, str] = field(default_factory=dict)
    kafka_heap: str = "512m"
    kafka_jvm_options: Sequence[str] = ()
    elasticsearch_settings: Mapping[str, str] = field(default_factory=dict)
    elasticsearch_heap: str = "1g"
    elasticsearch_jvm_options: Sequence[str] = ()


def kafka_node(
    run_dir: Path,
    ports: Ports,
    options: NodeOptions | None = None,
    steps: Steps | None = None,
) -> KafkaNode:
    """Return a prepared broker whose files are under ``run_dir``."""
    options = options or NodeOptions()
    steps = steps or Steps(Quiet())
    jdk = find_jdk()
    with steps.step("fetch Kafka") as report:
        libs = fetch_kafka(cache_dir(), report)
    node = KafkaNode(
        folder=run_dir / "kafka",
        log=run_dir / "logs" / "kafka.log",
        port=ports.kafka,
        controller_port=ports.kafka_controller,
        libs=libs,
        jdk=jdk,
        properties=options.kafka_properties,
        heap=options.kafka_heap,
        jvm_options=options.kafka_jvm_options,
    )
    with steps.step("prepare Kafka"):
        node.prepare()
    return node


def elasticsearch_node(
    run_dir: Path,
    ports: Ports,
    options: NodeOptions | None = None,
    steps: Steps | None = None,
) -> ElasticsearchNode:
    """Return a prepared node; its files are under ``run_dir`` where its account may go there."""
    options = options or NodeOptions()
    steps = steps or Steps(Quiet())
    jdk = find_jdk()
    cache = cache_dir()
    account = unprivileged_account()
    with steps.step("fetch Elasticsearch") as report:
        home = fetch_elasticsearch(cache, report)
    node = ElasticsearchNode(
        folder=elasticsearch_folder(run_dir, cache, account),
        log=run_dir / "logs" / "elasticsearch.log",
        port=ports.elasticsearch,
        transport_port=ports.elasticsearch_transport,
        home=home,
        jdk=jdk,
        account=account,
        settings=options.elasticsearch_settings,
        heap=options.elasticsearch_heap,
        jvm_options=options.elasticsearch_jvm_options,
    )
    with steps.step("prepare Elasticsearch"):
        node.prepare()
    return node
