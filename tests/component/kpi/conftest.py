from __future__ import annotations

import pytest

from services.kernel.testing.harness import LaneHarness
from services.kpi.streams import lane_spec, make_stage
from services.kpi.testing.events import Events


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def lane() -> LaneHarness:
    return LaneHarness(lane_spec(), make_stage)
