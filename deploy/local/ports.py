"""Which port belongs to whom: fixed ones for people, free ones for tests."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from deploy.local.errors import PortTakenError
from deploy.local.services import ServicePorts, ServiceSpec

KAFKA = 19092
KAFKA_CONTROLLER = 19093
ELASTICSEARCH = 19200
ELASTICSEARCH_TRANSPORT = 19300

# Below the range from which systems draw the ports of outgoing connections (Linux from 32768,
# macOS from 49152): a broker that restarts must find its port still free.
_FREE_RANGE = (21_000, 31_999)
_ATTEMPTS = 1_000


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    kafka: int = KAFKA
    kafka_controller: int = KAFKA_CONTROLLER
    elasticsearch: int = ELASTICSEARCH
    elasticsearch_transport: int = ELASTICSEARCH_TRANSPORT
    # By worker; a service that is not named here has the ports of its specification.
    services: Mapping[str, ServicePorts] = {}

    def of(self, spec: ServiceSpec) -> ServicePorts:
        return self.services.get(spec.name, spec.ports)

    def owners(self, services: Sequence[ServiceSpec]) -> list[tuple[str, int]]:
        """Return every port that a stack of these services opens, with its owner."""
        found = [
            ("Kafka", self.kafka),
            ("Kafka's controller", self.kafka_controller),
            ("Elasticsearch", self.elasticsearch),
            ("Elasticsearch's transport", self.elasticsearch_transport),
        ]
        for spec in services:
            ports = self.of(spec)
            numbers = (ports.metrics, ports.grpc, ports.http)
            found += [(spec.name, number) for number in numbers if number is not None]
        return found


def free_ports(services: Sequence[ServiceSpec] = ()) -> Ports:
    """Return ports that nobody listens on, for a stack beside others."""
    taken: set[int] = set()
    return Ports(
        kafka=free_port(taken),
        kafka_controller=free_port(taken),
        elasticsearch=free_port(taken),
        elasticsearch_transport=free_port(taken),
        services={spec.name: free_service_ports(spec, taken) for spec in services},
    )


def free_service_ports(spec: ServiceSpec, taken: set[int]) -> ServicePorts:
    return ServicePorts(
        metrics=free_port(taken),
        grpc=free_port(taken),
        http=None if spec.ports.http is None else free_port(taken),
    )


def free_port(taken: set[int]) -> int:
    """Return a free port and add it to ``taken``."""
    first, last = _FREE_RANGE
    for _ in range(_ATTEMPTS):
        # At random, so that sessions side by side look at different ones.
        port = first + secrets.randbelow(last - first + 1)
        if port not in taken and is_free(port):
            taken.add(port)
            return port
    raise PortTakenError(f"no free port between {_FREE_RANGE[0]} and {_FREE_RANGE[1]}")


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that an earlier owner left in TIME_WAIT do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(owners: Iterable[tuple[str, int]]) -> None:
    """Raise for the ports that another program holds, naming all of them."""
    taken = [f"{port} ({owner})" for owner, port in owners if not is_free(port)]
    if taken:
        raise PortTakenError(
            f"Ports in use by another program: {', '.join(taken)}. Stop it, stop an earlier "
            "Careline with `careline down`, or choose other ports."
        )
