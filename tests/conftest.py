"""The real Kafka and Elasticsearch, and the whole of Careline, for the tests that need them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from deploy.local.process import Backoff
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from services.kernel.kafka.admin import apply_topics

_SLOW = {"integration": 300, "e2e": 600, "chaos": 900}
# Pure tests need no broker, so they run first and tell the most in the least time.
_ORDER = ("unit", "component", "contract", "integration", "e2e", "chaos")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder and give those on real systems the time they need."""
    folders = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(folders).parts[0]
        if folder in _SLOW:
            item.add_marker(folder)
            item.add_marker(pytest.mark.timeout(_SLOW[folder]))
    items.sort(key=lambda item: _ORDER.index(item.path.relative_to(folders).parts[0]))


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka with every declared topic, and Elasticsearch; no services."""
    folder = tmp_path_factory.mktemp("infrastructure")
    with LocalStack(folder, ports=free_ports(), services=()) as stack:
        apply_topics(stack.env["CARELINE_KAFKA"])
        yield stack


@pytest.fixture(scope="session")
def whole_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Everything: Kafka, Elasticsearch, every service and the wall."""
    folder = tmp_path_factory.mktemp("stack")
    with LocalStack(
        folder,
        ports=free_ports(SERVICES),
        backoff=Backoff(first_seconds=0.5, ceiling_seconds=2.0),
    ) as stack:
        yield stack


@pytest.fixture(scope="session")
def shared_folder() -> Callable[[str], Path]:
    """Return a file of the shared data; skip where the folder is absent."""
    root = Path(os.environ.get("CARELINE_SHARED", Path(__file__).parents[2] / "shared"))

    def find(name: str) -> Path:
        path = root / name
        if not path.exists():
            pytest.skip(f"the shared data ({name}) is not beside this checkout")
        return path

    return find
