from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.wall.figures import Figure
from dashboards.wall.languages import language
from dashboards.wall.model import Status, Tile, Trend
from dashboards.wall.testing import DEFINITIONS
from dashboards.wall.view import QUARTER_US
from dashboards.wall.wording import Wording

WINDOW = "the last 24 hours"


def wording(code: str = "en") -> Wording:
    return Wording(language(code), ZoneInfo("Asia/Shanghai"))


def tile(kpi: str, figure: Figure, status: Status = Status.NONE, **changes: Any) -> Tile:
    trend = Trend((1.0, 4.0), QUARTER_US, target=None, partial=False)
    made = Tile(kpi, DEFINITIONS[kpi], figure.value, figure.p90, figure.count, status, trend)
    return replace(made, **changes)


def test_a_response_time_shows_its_median_and_its_p90() -> None:
    shown = wording().tile(tile("first_response_time", Figure(9, 745.2, 745.2, 23_220.0)), WINDOW)
    assert (shown["text"], shown["unit"], shown["caption"]) == ("12.4", "min", "p50, the median")
    assert shown["second"] == {"label": "p90", "value": 23_220.0, "text": "6.5", "unit": "h"}
    assert shown["value"] == 745.2


def test_a_count_shows_no_second_figure() -> None:
    shown = wording().tile(tile("contacts", Figure(2_187, 2_187.0)), WINDOW)
    assert (shown["text"], shown["unit"], shown["second"]) == ("2,187", "messages", None)
    assert isinstance(shown["trend"], dict)
    assert shown["trend"]["peak"] == "peak 4 / 15 min"


def test_a_status_has_a_word_and_abnormal_ones_a_shape() -> None:
    shown = {
        status: wording().tile(tile("first_response_breaches", Figure(1, 1.0), status), WINDOW)
        for status in Status
    }
    assert {status: found["glyph"] for status, found in shown.items()} == {
        Status.NONE: "",
        Status.ON_TARGET: "",
        Status.WARNING: "▲",
        Status.CRITICAL: "■",
    }
    assert shown[Status.CRITICAL]["status_text"] == "Critical"


def test_a_screen_reader_hears_whole_sentences() -> None:
    shown = wording().tile(
        tile("first_response_breaches", Figure(37, 37.0), Status.CRITICAL), WINDOW
    )
    assert shown["sentence"] == (
        "First response breaches: 37 missed over the last 24 hours. The target is 0 missed. "
        "Status: Critical."
    )
    shown = wording("zh-CN").tile(
        tile("first_response_time", Figure(9, 745.2, 745.2, 23_220.0)), "最近 24 小时"
    )
    assert shown["sentence"] == "首次响应时间：最近 24 小时为 12.4 分钟。 九成不超过 6.5 小时。"


def test_a_missing_value_is_said_to_be_missing() -> None:
    shown = wording().tile(tile("contacts", Figure(0, None), trend=None), WINDOW)
    assert (shown["text"], shown["trend"]) == ("—", None)
    assert shown["sentence"] == "Contacts: no value over the last 24 hours."


@pytest.mark.parametrize(
    ("target", "direction", "caption"),
    [
        (900.0, "down", "p50 · Target ≤ 15 min"),
        (5400.0, "down", "p50 · Target ≤ 1.5 h"),
        (900.0, "up", "p50 · Target ≥ 15 min"),
        (0.0, "down", "p50 · Target 0"),
    ],
)
def test_a_target_is_written_with_its_direction(
    target: float, direction: str, caption: str
) -> None:
    definition = replace(DEFINITIONS["first_response_time"], target=target, direction=direction)
    shown = wording().tile(
        tile("first_response_time", Figure(9, 745.2), definition=definition), WINDOW
    )
    assert shown["caption"] == caption


def test_instants_are_written_in_the_walls_time_zone() -> None:
    assert wording().instant(0) == "1970-01-01 08:00:00"
    assert wording().past_notice(0, QUARTER_US) == (
        "A past moment: 1970-01-01 08:00:00 Asia/Shanghai. "
        "Figures count facts before 1970-01-01 08:15."
    )


def test_the_footer_names_every_definition_and_its_version() -> None:
    shown = [tile("contacts", Figure(1, 1.0)), tile("replies", Figure(1, 1.0), definition=None)]
    assert wording().definitions(shown) == "KPI definitions: contacts v1"
