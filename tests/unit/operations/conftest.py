from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def compose() -> Any:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def rules() -> dict[str, Any]:
    """The alert rules by name."""
    found = {}
    for path in sorted((REPOSITORY / "deploy/prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            found.update({rule["alert"]: rule for rule in group["rules"]})
    return found
