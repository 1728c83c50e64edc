from __future__ import annotations

from pathlib import Path

import pytest

from services.conversation.bootstrap import bootstrap
from services.conversation.domain.acknowledging import NEVER, AcknowledgingPolicy
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


ACKNOWLEDGING = {
    **REQUIRED,
    "CARELINE_ACKNOWLEDGE_AFTER_SECONDS": "60",
    "CARELINE_ACKNOWLEDGE_CHANNELS": "telegram, mail,,mail",
}


def version(environment: dict[str, str]) -> str:
    return bootstrap(read_settings(Settings, environment)).core.spec.decision_version


def test_nobody_is_acknowledged_unless_it_is_set() -> None:
    assert read_settings(Settings, REQUIRED).acknowledging == NEVER
    assert "acknowledge" not in version(REQUIRED)
    # While nobody is, it does not matter on which channels.
    assert version({**REQUIRED, "CARELINE_ACKNOWLEDGE_CHANNELS": "mail"}) == version(REQUIRED)


def test_acknowledging_is_read_from_the_environment() -> None:
    policy = read_settings(Settings, ACKNOWLEDGING).acknowledging
    assert policy == AcknowledgingPolicy(60_000_000, ("mail", "telegram"))


def test_whatever_decides_about_acknowledgements_is_in_the_version(tmp_path: Path) -> None:
    texts = tmp_path / "texts.yaml"
    texts.write_text("en: {soon: Soon.}", encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text("default: zh", encoding="utf-8")
    versions = [
        version({**ACKNOWLEDGING, **changed})
        for changed in (
            {},
            {"CARELINE_ACKNOWLEDGE_AFTER_SECONDS": "61"},
            {"CARELINE_ACKNOWLEDGE_CHANNELS": "mail"},
            {"CARELINE_ACKNOWLEDGE_TEXTS": str(texts)},
            {"CARELINE_ACKNOWLEDGE_TEXTS": str(other)},
        )
    ]
    assert len(set(versions)) == len(versions)
    assert "+acknowledge-60s-" in versions[0]
    in_another_order = {**ACKNOWLEDGING, "CARELINE_ACKNOWLEDGE_CHANNELS": "mail,telegram"}
    assert version(in_another_order) == versions[0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"AFTER_SECONDS": "-1"}, "CARELINE_ACKNOWLEDGE_AFTER_SECONDS=-1 must be 0"),
        ({"AFTER_SECONDS": "3601"}, "must be 0 [(]never[)] to 3600"),
        ({"AFTER_SECONDS": "soon"}, "CARELINE_ACKNOWLEDGE_AFTER_SECONDS='soon' is not a valid int"),
        ({"CHANNELS": ""}, "names no channel; name those"),
        ({"CHANNELS": " , "}, "names no channel; name those"),
        ({"CHANNELS": "mail;telegram"}, "'mail;telegram' is no channel; name them as"),
        ({"CHANNELS": "Mail"}, "'Mail' is no channel"),
    ],
)
def test_what_cannot_be_is_refused_with_the_variables_name_and_the_remedy(
    changed: dict[str, str], message: str
) -> None:
    names = {f"CARELINE_ACKNOWLEDGE_{name}": value for name, value in changed.items()}
    with pytest.raises(SettingsError, match=message):
        read_settings(Settings, {**ACKNOWLEDGING, **names})


def test_a_file_that_cannot_be_used_stops_the_start_even_while_nobody_is_acknowledged() -> None:
    settings = read_settings(Settings, {**REQUIRED, "CARELINE_ACKNOWLEDGE_TEXTS": "/no/such.yaml"})
    with pytest.raises(SettingsError, match=r"TEXTS='/no/such[.]yaml': cannot"):
        bootstrap(settings)
