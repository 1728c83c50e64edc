from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboards.wall.app import create_app
from dashboards.wall.settings import Settings
from dashboards.wall.testing import FakeFeed
from services.kernel.testing.clock import ManualClock

SECOND_US = 1_000_000


@pytest.fixture
def client(feed: FakeFeed, settings: Settings, clock: ManualClock) -> FlaskClient:
    client: FlaskClient = create_app(feed, settings, clock).server.test_client()
    return client


def values(document: dict[str, Any]) -> dict[str, Any]:
    return {tile["kpi"]: tile["value"] for tile in document["tiles"]}


def test_the_snapshot_holds_six_tiles_with_raw_and_written_values(client: FlaskClient) -> None:
    document = client.get("/snapshot").get_json()
    assert values(document) == {
        "contacts": 2_846.0,
        "replies": 2_187.0,
        "conversations": 1_512.0,
        "first_response_time": 745.2,
        "first_response_breaches": 64.0,
        "negative_contacts": 418.0,
    }
    first = document["tiles"][0]
    assert (first["text"], first["unit"], first["definition_version"]) == ("2,846", "messages", "1")
    assert len(first["trend"]["points"]) == 96


def test_unchanged_figures_are_not_sent_again_but_their_age_is(
    client: FlaskClient, feed: FakeFeed, clock: ManualClock
) -> None:
    first = client.get("/snapshot")
    clock.advance(7 * SECOND_US)
    again = client.get("/snapshot", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert (first.headers["Careline-Age-Ms"], again.headers["Careline-Age-Ms"]) == ("0", "7000")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_changed_figures_have_another_etag(client: FlaskClient, feed: FakeFeed) -> None:
    first = client.get("/snapshot")
    feed.say("contacts", 2_847)
    again = client.get("/snapshot", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert values(again.get_json())["contacts"] == 2_847


def test_a_heartbeat_alone_changes_the_age_and_nothing_else(
    client: FlaskClient, feed: FakeFeed, clock: ManualClock
) -> None:
    first = client.get("/snapshot")
    clock.advance(5 * SECOND_US)
    feed.speak()
    again = client.get("/snapshot", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.headers["Careline-Age-Ms"]) == (304, "0")


def test_late_figures_are_marked_and_gone_ones_are_not_sent_at_all(
    client: FlaskClient, clock: ManualClock
) -> None:
    clock.advance(31 * SECOND_US)
    late = client.get("/snapshot").get_json()
    assert (late["freshness"], values(late)["contacts"]) == ("stale", 2_846.0)
    clock.advance(90 * SECOND_US)
    gone = client.get("/snapshot").get_json()
    assert gone["freshness"] == "gone"
    assert set(values(gone).values()) == {None}
    assert {tile["text"] for tile in gone["tiles"]} == {"—"}
    assert {tile["status"] for tile in gone["tiles"]} == {"none"}
    assert gone["tiles"][0]["label"] == "Contacts"


def test_a_feed_that_was_never_heard_shows_no_value_and_no_age(
    client: FlaskClient, feed: FakeFeed
) -> None:
    feed.contact_us = None
    response = client.get("/snapshot")
    assert "Careline-Age-Ms" not in response.headers
    assert response.get_json()["freshness"] == "gone"


def test_a_live_timeline_that_has_not_begun_has_no_values(
    client: FlaskClient, feed: FakeFeed
) -> None:
    feed.watermark_us = 0
    response = client.get("/snapshot")
    assert response.get_json()["freshness"] == "gone"
    assert "Careline-As-Of-Ms" not in response.headers


def test_a_past_moment_does_not_age_and_says_which_one_it_is(
    client: FlaskClient, feed: FakeFeed, clock: ManualClock
) -> None:
    feed.watermark_us = 0
    clock.advance(20 * SECOND_US)
    response = client.get("/snapshot?at=2017-12-03T18:52:36Z&window=all")
    document = response.get_json()
    assert (document["mode"], document["freshness"]) == ("past", "fresh")
    assert document["past_notice"] == (
        "A past moment: 2017-12-03 18:52:36 UTC. Figures count facts before 2017-12-03 19:00."
    )
    assert document["window"] == {"name": "all", "from": None, "to": "2017-12-03T19:00:00Z"}
    assert response.headers["Careline-As-Of-Ms"] == "1512327156000"


def test_a_past_moment_goes_too_when_nobody_answers_for_it(
    client: FlaskClient, clock: ManualClock
) -> None:
    clock.advance(121 * SECOND_US)
    document = client.get("/snapshot?at=2017-12-03T18:52:36Z").get_json()
    assert document["freshness"] == "gone"
    assert set(values(document).values()) == {None}


def test_the_same_figures_are_written_in_chinese(client: FlaskClient) -> None:
    document = client.get("/snapshot?lang=zh-CN&brand=晴空").get_json()
    labels = [tile["label"] for tile in document["tiles"]]
    assert labels == [
        "客户来信量",
        "客服回复量",
        "新会话量",
        "首次响应时间",
        "首响超时数",
        "负面来信量",
    ]
    assert document["subtitle"] == "最近 24 小时 · 晴空"


def test_a_view_without_any_fact_says_so(client: FlaskClient, feed: FakeFeed) -> None:
    feed.totals.clear()
    document = client.get("/snapshot?brand=Nobody").get_json()
    assert document["no_facts_notice"] == (
        "No facts in view: nothing was counted for Nobody in this window."
    )
    assert set(values(document).values()) == {None}


@pytest.mark.parametrize("path", ["/snapshot", "/"])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("window=2d", "window='2d' is unknown"),
        ("at=then", "at='then' is no instant"),
        ("lang=fr", "lang='fr' is unknown: take one of en, zh-CN"),
    ],
)
def test_an_address_that_cannot_be_shown_is_refused_with_the_remedy(
    client: FlaskClient, path: str, query: str, message: str
) -> None:
    response = client.get(f"{path}?{query}")
    assert response.status_code == 400
    assert response.mimetype == "text/plain"
    assert message in response.get_data(as_text=True)


@pytest.mark.parametrize("query", ["theme=blue", "kiosk=yes"])
def test_a_page_option_that_is_unknown_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/?{query}").status_code == 400


def test_the_page_has_its_language_theme_and_texts_before_any_script(client: FlaskClient) -> None:
    page = client.get("/?lang=zh-CN&theme=light&kiosk=1").get_data(as_text=True)
    assert '<html lang="zh-CN" data-theme="light" data-kiosk="1">' in page
    found = re.search(r'id="page-settings">(.*?)</script>', page)
    assert found is not None
    settings = json.loads(found[1])
    assert settings["texts"]["age.fresh"] == "刚刚更新"
    assert (settings["stale_after_ms"], settings["gone_after_ms"]) == (30_000, 120_000)
    assert settings["build"] == client.get("/snapshot").headers["Careline-Build"]
    assert "{%" not in page


def test_the_layout_has_a_section_for_every_tile(client: FlaskClient) -> None:
    layout = client.get("/_dash-layout").get_data(as_text=True)
    assert layout.count('"type":"Section"') == 6
    assert '"role":"alert"' in layout


def test_no_callback_runs_on_the_server(client: FlaskClient) -> None:
    callbacks = client.get("/_dash-dependencies").get_json()
    assert [bool(callback["clientside_function"]) for callback in callbacks] == [True]


def test_answers_are_hardened(client: FlaskClient) -> None:
    headers = client.get("/snapshot").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"
