from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def vector() -> Callable[[str], dict[str, Any]]:
    """Look up a published authentication example by its id."""
    shared = Path(os.environ.get("CARELINE_SHARED", str(ROOT.parent / "shared")))
    path = shared / "conformance" / "channel_vectors.json"
    if not path.exists():
        pytest.skip("the conformance data is not beside the checkout (CARELINE_SHARED)")
    vectors = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    by_id = {one["id"]: one for one in vectors}
    return lambda name: dict(by_id[name])
