from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def vector(shared_folder: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    """Look up a published authentication example by its id."""
    path = shared_folder("conformance/channel_vectors.json")
    vectors = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    by_id = {one["id"]: one for one in vectors}
    return lambda name: dict(by_id[name])
