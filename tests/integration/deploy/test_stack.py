"""The real broker, the real node, and services as small as a service can be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from elasticsearch import Elasticsearch

from deploy.local.control import inspect, running_stack
from deploy.local.errors import AlreadyRunningError, StartError
from deploy.local.pids import group_is_alive
from deploy.local.ports import Ports, free_ports, is_free
from deploy.local.process import Backoff
from deploy.local.record import read_record
from deploy.local.services import ServicePorts, ServiceSpec, TaskSpec
from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

QUICK = Backoff(first_seconds=0.1)
DEADLINE = 60.0
TASK = TaskSpec(name="tiny-task", module="tiny_task")


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, services: list[ServiceSpec], env: dict[str, str]
) -> Iterator[LocalStack]:
    run_dir = tmp_path_factory.mktemp("run")
    with LocalStack(
        run_dir,
        ports=free_ports(),
        services=services,
        setup=[TASK],
        env=env,
        backoff=QUICK,
    ) as running:
        yield running
        groups = [process.id.pid for process in running_stack(run_dir).processes if process.id]
        ports = [port for _, port in running.ports.owners(services)]
    assert not any(map(group_is_alive, groups))
    assert all(map(is_free, ports))
    assert read_record(run_dir) is None


@asynccontextmanager
async def admin(stack: LocalStack) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=stack.addresses.kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def test_everything_is_healthy_and_another_process_finds_it(stack: LocalStack) -> None:
    record = running_stack(stack.run_dir)

    assert record.state == "running"
    assert record.env["CARELINE_SECOND_ADDRESS"].startswith("127.0.0.1:")
    assert {status.record.name: status.healthy for status in inspect(record)} == {
        "elasticsearch": True,
        "kafka": True,
        "first": True,
        "second": True,
    }


def test_the_task_ran_with_the_addresses_before_the_services(
    stack: LocalStack, env: dict[str, str]
) -> None:
    assert Path(env["TINY_MARK"]).read_text() == stack.addresses.elasticsearch


def test_a_second_stack_cannot_take_the_run_folder(stack: LocalStack) -> None:
    with pytest.raises(AlreadyRunningError, match="already runs from"):
        LocalStack(stack.run_dir, ports=free_ports(), services=()).start()


async def test_topics_survive_a_killed_broker_on_the_same_port(stack: LocalStack) -> None:
    async with admin(stack) as client:
        await client.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])

    stack["kafka"].kill()
    stack["kafka"].wait_restarted(seconds=DEADLINE)

    async with admin(stack) as client:
        assert "kept" in await client.list_topics()


def test_documents_survive_an_orderly_restart_on_the_same_port(stack: LocalStack) -> None:
    with Elasticsearch(stack.addresses.elasticsearch) as client:
        client.index(index="kept", id="1", document={"text": "kept"}, refresh=True)

        assert stack["elasticsearch"].stop()
        assert is_free(stack.ports.elasticsearch)
        stack["elasticsearch"].start()
        stack["elasticsearch"].wait_ready(seconds=DEADLINE)

        assert client.get(index="kept", id="1")["_source"] == {"text": "kept"}


def test_a_killed_service_comes_back_and_the_record_follows(stack: LocalStack) -> None:
    before = running_stack(stack.run_dir).process("first")

    stack["first"].kill()
    stack["first"].wait_restarted(seconds=DEADLINE)

    after = running_stack(stack.run_dir).process("first")
    assert after.id != before.id
    assert after.restarts == before.restarts + 1


def test_a_second_worker_has_its_own_name_and_ports(stack: LocalStack) -> None:
    worker = stack.start_worker("first")

    assert worker == "first-2"
    assert stack.service_ports(worker).metrics != stack.service_ports("first").metrics
    log = stack.run_dir / "logs" / "first-2.log"
    assert log.read_text().split() == ["first-2", stack.addresses.kafka]
    assert running_stack(stack.run_dir).process(worker).id is not None


def test_a_service_that_fails_stops_everything_and_shows_its_log(
    tmp_path: Path, env: dict[str, str]
) -> None:
    ports = free_ports()
    failing = ServiceSpec(
        name="failing",
        module="tiny_service",
        args=("fail",),
        ports=ServicePorts(metrics=ports.elasticsearch, grpc=ports.elasticsearch_transport),
    )
    stack = LocalStack(
        tmp_path,
        ports=Ports(kafka=ports.kafka, kafka_controller=ports.kafka_controller),
        services=[failing],
        setup=[],
        env=env,
        with_elasticsearch=False,
    )

    with pytest.raises(StartError, match=r"failing ended with exit code 3") as caught:
        stack.start()

    assert caught.value.last_lines == ("the reason is in the log",)
    assert read_record(tmp_path) is None
    assert is_free(ports.kafka)
