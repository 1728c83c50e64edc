from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.local.channel_accounts import accounts_file
from deploy.local.errors import LocalStackError, PortTakenError
from deploy.local.ports import Ports, free_port, free_ports, is_free, require_free
from deploy.local.services import SERVICES, ServicePorts, ServiceSpec, service_environment
from deploy.local.stack import LocalStack
from services.gateway.adapters.accounts_file import read_accounts
from services.gateway.channels.registry import CHANNELS

BY_NAME = {spec.name: spec for spec in SERVICES}


def test_no_two_owners_of_a_fixed_port() -> None:
    owners = Ports().owners(SERVICES)

    assert len({port for _, port in owners}) == len(owners)


def test_free_ports_are_free_distinct_and_outside_the_range_of_outgoing_connections() -> None:
    ports = [port for _, port in free_ports(SERVICES).owners(SERVICES)]

    assert len(set(ports)) == len(ports)
    assert all(is_free(port) and 21_000 <= port < 32_000 for port in ports)


def test_a_taken_port_is_named_with_its_owner() -> None:
    port = free_port(set())
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        with pytest.raises(PortTakenError, match=rf"{port} \(Kafka\).*careline down"):
            require_free([("Kafka", port)])


def test_every_service_learns_where_it_listens_and_where_the_others_are(tmp_path: Path) -> None:
    stack = LocalStack(tmp_path)
    wall = BY_NAME["wall"]

    env = service_environment(wall, "wall", wall.ports, stack.addresses, tmp_path)

    assert env["CARELINE_KAFKA"] == "127.0.0.1:19092"
    assert env["CARELINE_ELASTICSEARCH"] == "http://127.0.0.1:19200"
    assert env["CARELINE_HTTP_PORT"] == "19050"
    assert env["CARELINE_METRICS_PORT"] == "19509"
    assert env["CARELINE_KPI_ADDRESS"] == "127.0.0.1:19406"
    assert env["CARELINE_IDENTITY_ADDRESS"] == "127.0.0.1:19401"
    assert env["CARELINE_WORKER_ID"] == "wall"
    assert env["CARELINE_SPOOL_DIR"] == str(tmp_path / "spool" / "wall")


def test_workers_of_one_service_share_the_party_key_and_nothing_on_disk(tmp_path: Path) -> None:
    gateway = BY_NAME["gateway"]
    reached_at = LocalStack(tmp_path).addresses

    first, second = (
        service_environment(gateway, worker, gateway.ports, reached_at, tmp_path)
        for worker in ("gateway", "gateway-2")
    )

    assert first["CARELINE_PARTY_KEY"] == second["CARELINE_PARTY_KEY"]
    for name in ("CARELINE_SPOOL_DIR", "CARELINE_STATE_DIR", "CARELINE_WORKER_ID"):
        assert first[name] != second[name]


def test_the_gateway_has_accounts_and_their_secrets_are_private(tmp_path: Path) -> None:
    gateway = BY_NAME["gateway"]
    reached_at = LocalStack(tmp_path).addresses

    env = service_environment(gateway, "gateway", gateway.ports, reached_at, tmp_path)

    assert env["CARELINE_GATEWAY_HTTP"] == "http://127.0.0.1:19080"
    path = Path(env["CARELINE_ACCOUNTS"])
    assert path == tmp_path / "secrets" / "accounts.yaml"
    assert path.stat().st_mode & 0o777 == 0o600
    accounts = read_accounts(path, CHANNELS, {})
    assert len(accounts) == 6
    assert all(account.secrets for account in accounts)
    assert accounts_file(tmp_path).read_bytes() == path.read_bytes()
    assert accounts_file(tmp_path / "other").read_bytes() != path.read_bytes()


def test_the_party_key_is_not_in_what_the_stack_tells_others(tmp_path: Path) -> None:
    stack = LocalStack(tmp_path, env={"CARELINE_CHANNEL_SECRET": "secret"})

    assert set(stack.env) & {"CARELINE_PARTY_KEY", "CARELINE_CHANNEL_SECRET"} == set()


def spec(name: str, *depends: str) -> ServiceSpec:
    ports = ServicePorts(metrics=1, grpc=2)
    return ServiceSpec(name=name, module=name, ports=ports, depends=depends)


def test_a_service_stands_after_those_it_depends_on(tmp_path: Path) -> None:
    LocalStack(tmp_path, services=[spec("a"), spec("b", "a", "outside the list")])

    with pytest.raises(LocalStackError, match="b depends on a, which must stand before it"):
        LocalStack(tmp_path, services=[spec("b", "a"), spec("a")])
    with pytest.raises(LocalStackError, match="two services have one name"):
        LocalStack(tmp_path, services=[spec("a"), spec("a")])
