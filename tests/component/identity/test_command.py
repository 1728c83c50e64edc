"""``python -m services.identity``: which lane it runs, and what it refuses."""

from __future__ import annotations

import pytest

from services.identity.__main__ import main
from services.identity.bootstrap import BOOTSTRAPS
from services.identity.settings import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in (("KAFKA", "127.0.0.1:9"), ("GRPC_PORT", "0"), ("METRICS_PORT", "0")):
        monkeypatch.setenv(f"CARELINE_{name}", value)
    return monkeypatch


@pytest.mark.parametrize("arguments", [[], ["resolver"], ["assign", "resolve"]])
def test_the_lane_is_named_by_one_word(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"usage: python -m services\.identity assign\|resolve"):
        main(arguments)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARELINE_KAFKA", raising=False)
    with pytest.raises(SystemExit, match="CARELINE_KAFKA is not set"):
        main(["assign"])


def test_an_unknown_phone_region_is_refused_at_the_start(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CARELINE_PHONE_REGION", "China")
    with pytest.raises(SystemExit, match="CARELINE_PHONE_REGION='China'"):
        main(["resolve"])


@pytest.mark.parametrize(
    ("name", "lane", "version"),
    [("assign", "identity.assign", "1"), ("resolve", "identity.resolve", "/CN")],
)
def test_each_word_builds_its_lane(name: str, lane: str, version: str) -> None:
    settings = Settings(kafka="127.0.0.1:9", grpc_port=0, metrics_port=0, phone_region="CN")
    spec = BOOTSTRAPS[name](settings).core.spec
    assert spec.name == lane
    assert spec.decision_version.endswith(version)
