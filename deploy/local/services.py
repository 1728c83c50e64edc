"""The services of the local stack and the environment that each gets: a table, easy to extend."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from deploy.local.channel_accounts import accounts_file
from deploy.local.private_files import private_file


class ServicePorts(msgspec.Struct, frozen=True, kw_only=True):
    # GET /metrics and /healthz
    metrics: int
    grpc: int
    http: int | None = None


class ServiceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """``python -m module args``; the ports are the fixed ones of ``careline up``."""

    name: str
    module: str
    ports: ServicePorts
    args: tuple[str, ...] = ()
    # Others find its gRPC at CARELINE_<address>_ADDRESS.
    address: str | None = None
    # Services that are healthy before this one starts.
    depends: tuple[str, ...] = ()
    # Beyond what every service gets.
    env: Mapping[str, str] = {}


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True):
    """``python -m module args``, run once between the infrastructure and the services."""

    name: str
    module: str
    args: tuple[str, ...] = ()


SETUP: tuple[TaskSpec, ...] = (
    TaskSpec(name="topics", module="services.cli", args=("topics", "apply")),
)


def _ports(number: int, http: int | None = None) -> ServicePorts:
    return ServicePorts(metrics=19500 + number, grpc=19400 + number, http=http)


SERVICES: tuple[ServiceSpec, ...] = (
    ServiceSpec(
        name="kpi",
        module="services.kpi",
        ports=_ports(6),
        address="KPI",
    ),
    ServiceSpec(
        name="indexer",
        module="services.indexer",
        ports=_ports(8),
    ),
    ServiceSpec(
        name="sla",
        module="services.sla",
        ports=_ports(5),
        address="SLA",
    ),
    ServiceSpec(
        name="conversation",
        module="services.conversation",
        ports=_ports(4),
        address="CONVERSATION",
    ),
    ServiceSpec(
        name="insight",
        module="services.insight",
        ports=_ports(3),
        address="INSIGHT",
    ),
    ServiceSpec(
        name="identity-resolver",
        module="services.identity",
        args=("resolve",),
        ports=_ports(2),
        address="IDENTITY_RESOLVER",
    ),
    ServiceSpec(
        name="identity-assign",
        module="services.identity",
        args=("assign",),
        ports=_ports(1),
        address="IDENTITY",
    ),
    ServiceSpec(
        name="knowledge",
        module="services.knowledge",
        ports=_ports(7),
        address="KNOWLEDGE",
    ),
    ServiceSpec(
        name="gateway-sender",
        module="services.gateway",
        args=("send",),
        ports=_ports(10),
    ),
    ServiceSpec(
        name="gateway",
        module="services.gateway",
        args=("take",),
        ports=_ports(0, http=19080),
        address="GATEWAY",
    ),
    ServiceSpec(
        name="wall",
        module="dashboards.wall",
        ports=_ports(9, http=19050),
        depends=("kpi",),
    ),
)


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running stack is reached; all on loopback."""

    kafka: str
    elasticsearch: str
    # By the name in CARELINE_<name>_ADDRESS.
    grpc: Mapping[str, str] = {}
    # By the name in CARELINE_<name>_HTTP.
    http: Mapping[str, str] = {}

    def environment(self) -> dict[str, str]:
        """Return what a client of the stack needs: the services, the command line, a test."""
        return {
            "CARELINE_KAFKA": self.kafka,
            "CARELINE_ELASTICSEARCH": self.elasticsearch,
            **{f"CARELINE_{name}_ADDRESS": address for name, address in self.grpc.items()},
            **{f"CARELINE_{name}_HTTP": address for name, address in self.http.items()},
        }


def addresses(
    kafka_port: int,
    elasticsearch_port: int,
    services: Sequence[ServiceSpec],
    ports: Mapping[str, ServicePorts],
) -> Addresses:
    return Addresses(
        kafka=f"127.0.0.1:{kafka_port}",
        elasticsearch=f"http://127.0.0.1:{elasticsearch_port}",
        grpc={
            spec.address: f"127.0.0.1:{ports[spec.name].grpc}"
            for spec in services
            if spec.address is not None
        },
        http={
            spec.address: f"http://127.0.0.1:{http}"
            for spec in services
            if spec.address is not None and (http := ports[spec.name].http) is not None
        },
    )


def service_environment(
    spec: ServiceSpec,
    worker: str,
    ports: ServicePorts,
    reached_at: Addresses,
    run_dir: Path,
) -> dict[str, str]:
    """Return the variables of one worker; ``worker`` is the service's name or ``<name>-2``."""
    http = {} if ports.http is None else {"CARELINE_HTTP_PORT": str(ports.http)}
    return {
        **reached_at.environment(),
        "CARELINE_GRPC_PORT": str(ports.grpc),
        "CARELINE_METRICS_PORT": str(ports.metrics),
        **http,
        # Static membership: a restarted worker gets its partitions back without a rebalance.
        "CARELINE_WORKER_ID": worker,
        "CARELINE_PARTY_KEY": party_key(run_dir),
        **(
            {"CARELINE_ACCOUNTS": str(accounts_file(run_dir))}
            if spec.module == "services.gateway"
            else {}
        ),
        "CARELINE_SPOOL_DIR": str(run_dir / "spool" / worker),
        "CARELINE_STATE_DIR": str(run_dir / "state" / worker),
        "CARELINE_BLOB_DIR": str(run_dir / "blobs"),
        "PYTHONUNBUFFERED": "1",
        **spec.env,
    }


def party_key(run_dir: Path) -> str:
    """Return the run folder's secret for hashing authors' identifiers, made at its first use."""
    path = private_file(run_dir / "secrets" / "party-key", lambda: secrets.token_hex(32))
    return path.read_text(encoding="ascii")
