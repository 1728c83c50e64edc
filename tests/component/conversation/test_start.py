from __future__ import annotations

import pytest

from services.conversation.bootstrap import bootstrap
from services.conversation.settings import Settings
from services.kernel.settings import SettingsError, read_settings

REQUIRED = {"CARELINE_KAFKA": "k:1", "CARELINE_GRPC_PORT": "0", "CARELINE_METRICS_PORT": "0"}


def test_the_window_is_seven_days_unless_it_is_set() -> None:
    assert read_settings(Settings, REQUIRED).reopen_window_seconds == 7 * 24 * 3600
    shorter = read_settings(Settings, {**REQUIRED, "CARELINE_REOPEN_WINDOW_SECONDS": "60"})
    assert "60s" in bootstrap(shorter).core.spec.decision_version


def test_a_window_that_is_none_is_refused_with_the_variables_name() -> None:
    with pytest.raises(SettingsError, match="CARELINE_REOPEN_WINDOW_SECONDS=0 must be positive"):
        read_settings(Settings, {**REQUIRED, "CARELINE_REOPEN_WINDOW_SECONDS": "0"})
