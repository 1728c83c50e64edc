"""What people see: a real browser in front of a wall whose feed the test moves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboards.wall.figures import Figure

pytestmark = pytest.mark.e2e

KPIS = (
    "contacts",
    "replies",
    "conversations",
    "first_response_time",
    "first_response_breaches",
    "negative_contacts",
)
# The widest values that the tiles are made for.
WIDE = {
    "contacts": Figure(99_999, 99_999.0),
    "replies": Figure(88_888, 88_888.0),
    "conversations": Figure(999_499, 999_499.0),
    "first_response_time": Figure(9, 3_540.0, p50=3_540.0, p90=172_000.0),
    "first_response_breaches": Figure(88_888, 88_888.0),
    "negative_contacts": Figure(88_888_888, 88_888_888.0),
}

# Everything with text that sticks out of its box or its tile, or lies over its neighbour.
OVERFLOWS = """
() => {
  const found = [];
  const inside = (inner, outer) =>
    inner.left >= outer.left - 1 && inner.right <= outer.right + 1 &&
    inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const regions = document.querySelectorAll(".tile, .wall-head, #banner, .wall-foot");
  for (const region of regions) {
    const outer = region.getBoundingClientRect();
    const name = region.id || region.className;
    for (const element of [region, ...region.querySelectorAll("*")]) {
      if (element.closest("svg") && element.tagName !== "svg") continue;
      if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) {
        found.push(`${name} ${element.className || element.id} is too wide`);
      }
      if (!inside(element.getBoundingClientRect(), outer)) {
        found.push(`${name} ${element.className || element.id} sticks out`);
      }
    }
    for (const row of region.querySelectorAll(
      ".tile-head, .tile-figures, .tile-notes, .tile-foot"
    )) {
      const [left, right] = [...row.children].map((part) => part.getBoundingClientRect());
      if (right.width > 0 && left.right > right.left + 1) {
        found.push(`${name} ${row.className} overlaps`);
      }
    }
    const parts = [...region.children].map((part) => part.getBoundingClientRect());
    if (region.className === "tile") {
      parts.slice(1).forEach((part, index) => {
        if (part.top < parts[index].bottom - 1) found.push(`${name} rows overlap`);
      });
    }
  }
  const root = document.scrollingElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) found.push("page scrolls");
  return found;
}
"""


def tile(page: Page, kpi: str, part: str = "value") -> Any:
    return page.locator(f"#tile-{kpi} .tile-{part}")


def computed(page: Page, selector: str, name: str) -> str:
    value: str = page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )
    return value


def test_a_number_on_a_tile_changes_when_the_feed_changes(open_wall: Any, wall: Any) -> None:
    page = open_wall()
    expect(tile(page, "contacts")).to_have_text("2,846")
    wall.feed.say("contacts", 2_847)
    expect(tile(page, "contacts")).to_have_text("2,847")
    assert page.locator(".tile").count() == 6


def test_every_tile_has_its_label_unit_target_trend_status_and_age(open_wall: Any) -> None:
    page = open_wall()
    expect(tile(page, "first_response_breaches", "label")).to_have_text("First response breaches")
    expect(tile(page, "first_response_breaches", "unit")).to_have_text("missed")
    expect(tile(page, "first_response_breaches", "caption")).to_have_text("Target 0")
    expect(tile(page, "first_response_breaches", "status")).to_have_text("Critical")
    expect(tile(page, "first_response_breaches", "glyph")).to_have_text("■")
    expect(page.locator("#tile-first_response_breaches .target")).to_have_count(1)
    expect(page.locator("#tile-first_response_time .second-value")).to_have_text("6.5")
    for kpi in KPIS:
        expect(tile(page, kpi, "age")).to_have_text("just now")
        assert page.locator(f"#tile-{kpi} svg .line").count() >= 1
    expect(page.locator("#definitions")).to_contain_text("first_response_time v1")
    expect(page.locator("#clock-time")).to_have_text("18:42:10")
    expect(page.locator("#clock-date")).to_have_text("2026-03-12 · Asia/Shanghai")


def test_status_is_told_by_edge_shape_and_word(open_wall: Any, wall: Any) -> None:
    page = open_wall()
    edge = "#tile-first_response_breaches"
    critical = page.evaluate(
        "selector => getComputedStyle(document.querySelector(selector), '::before')"
        ".backgroundColor",
        edge,
    )
    assert critical == "rgb(213, 94, 0)"
    wall.feed.say("first_response_breaches", 0)
    expect(tile(page, "first_response_breaches", "status")).to_have_text("On target")
    expect(tile(page, "first_response_breaches", "glyph")).to_have_text("")
    assert page.locator(edge).get_attribute("data-status") == "on_target"


@pytest.mark.parametrize("values", ["usual", "wide"])
@pytest.mark.parametrize(
    "look",
    [
        "lang=en&theme=dark",
        "lang=en&theme=light",
        "lang=zh-CN&theme=dark",
        "lang=zh-CN&theme=light",
    ],
)
@pytest.mark.parametrize("mode", ["live", "past", "stale"])
def test_no_tile_overflows(open_wall: Any, wall: Any, look: str, values: str, mode: str) -> None:
    if values == "wide":
        wall.feed.totals.update(WIDE)
    if mode == "stale":
        wall.pass_seconds(60)
    at = "&at=2025-12-03T18:52:36Z&window=all" if mode == "past" else ""
    page = open_wall(f"?{look}&kiosk=1{at}")
    expect(tile(page, "contacts")).to_have_text("99,999" if values == "wide" else "2,846")
    expect(page.locator("#wall")).to_have_attribute(
        "data-freshness", "stale" if mode == "stale" else "fresh"
    )
    assert page.evaluate(OVERFLOWS) == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1200), (3840, 2160)])
def test_the_wall_fills_other_screens_without_overflow(
    open_wall: Any, wall: Any, width: int, height: int
) -> None:
    wall.feed.totals.update(WIDE)
    page = open_wall("?at=2025-12-03T18:52:36Z", width=width, height=height)
    expect(tile(page, "contacts")).to_have_text("99,999")
    assert page.evaluate(OVERFLOWS) == []


@pytest.mark.parametrize(
    ("selector", "size"),
    [
        (".tile-value", "96px"),
        (".tile-glyph", "72px"),
        (".tile-unit", "44px"),
        (".second-value", "44px"),
        (".tile-label", "32px"),
        (".tile-caption", "28px"),
        (".tile-age", "28px"),
    ],
)
def test_texts_are_large_enough_to_be_read_across_the_room(
    open_wall: Any, selector: str, size: str
) -> None:
    assert computed(open_wall(), selector, "fontSize") == size


def test_dark_and_light_have_their_own_ground(open_wall: Any) -> None:
    assert computed(open_wall("?theme=dark"), "body", "backgroundColor") == "rgb(17, 22, 29)"
    assert computed(open_wall("?theme=light"), "body", "backgroundColor") == "rgb(238, 241, 245)"


def test_a_frozen_feed_dims_and_then_empties_the_tiles_and_recovers_alone(
    open_wall: Any, wall: Any
) -> None:
    page = open_wall()
    expect(tile(page, "contacts")).to_have_text("2,846")
    wall.pass_seconds(31)
    expect(page.locator("#tile-contacts")).to_have_attribute("data-freshness", "stale")
    expect(tile(page, "contacts", "age")).to_have_text("data from 18:42:10")
    expect(tile(page, "contacts")).to_have_text("2,846")
    assert computed(page, "#tile-contacts .tile-figures", "opacity") == "0.4"
    expect(page.locator("#banner")).to_have_text(re.compile("Figures are late: data from 18:42:10"))
    wall.pass_seconds(90)
    for kpi in KPIS:
        expect(tile(page, kpi)).to_have_text("—")
        expect(tile(page, kpi, "status")).to_have_text("No data")
    expect(page.locator("#banner")).to_have_attribute("data-level", "critical")
    expect(page.locator("svg")).to_have_count(0)
    wall.feed.speak()
    expect(tile(page, "contacts")).to_have_text("2,846")
    expect(page.locator("#banner")).to_have_attribute("data-level", "none")


def test_a_wall_whose_server_is_gone_ages_by_its_own_stopwatch(open_wall: Any) -> None:
    page = open_wall(prepare=lambda page: page.clock.install())
    expect(tile(page, "contacts")).to_have_text("2,846")
    page.route("**/snapshot*", lambda route: route.abort())
    page.clock.run_for(33_000)
    expect(page.locator("#tile-contacts")).to_have_attribute("data-freshness", "stale")
    page.clock.run_for(90_000)
    expect(tile(page, "contacts")).to_have_text("—")
    page.unroute("**/snapshot*")
    page.clock.run_for(4_000)
    expect(tile(page, "contacts")).to_have_text("2,846")


def test_a_screen_with_a_wrong_clock_shows_the_servers_time(open_wall: Any) -> None:
    page = open_wall(prepare=lambda page: page.clock.install(time="2001-01-01T00:00:00Z"))
    expect(tile(page, "contacts", "age")).to_have_text("just now")
    expect(page.locator("#clock-time")).to_have_text("18:42:10")


def test_a_server_without_a_feed_never_looks_healthy(open_wall: Any, wall: Any) -> None:
    wall.feed.contact_us = None
    wall.feed.watermark_us = 0
    page = open_wall()
    expect(page.locator("#banner")).to_contain_text("none have arrived yet")
    for kpi in KPIS:
        expect(tile(page, kpi)).to_have_text("—")
    expect(page.locator("#clock-time")).to_have_text("—")


@pytest.mark.parametrize("status", [401, 403])
def test_a_screen_that_is_signed_out_shows_no_old_numbers(open_wall: Any, status: int) -> None:
    page = open_wall()
    expect(tile(page, "contacts")).to_have_text("2,846")
    page.route("**/snapshot*", lambda route: route.fulfill(status=status, body="no"))
    expect(tile(page, "contacts")).to_have_text("—")
    expect(page.locator("#banner")).to_contain_text("Signed out")


def test_a_redirect_to_a_sign_in_page_counts_as_signed_out(open_wall: Any) -> None:
    page = open_wall()
    expect(tile(page, "contacts")).to_have_text("2,846")
    page.route(
        "**/snapshot*", lambda route: route.fulfill(status=302, headers={"Location": "/sign-in"})
    )
    expect(page.locator("#banner")).to_contain_text("Signed out")
    expect(tile(page, "contacts")).to_have_text("—")


def test_a_slow_server_is_asked_once_at_a_time(open_wall: Any) -> None:
    page = open_wall(prepare=lambda page: page.clock.install())
    expect(tile(page, "contacts")).to_have_text("2,846")
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/snapshot*", lambda _route: None)  # never answered
    with page.expect_request("**/snapshot*"):
        page.clock.run_for(2_500)
    page.clock.run_for(6_000)
    assert len(asked) == 1
    with page.expect_request("**/snapshot*"):  # given up after its deadline, and asked again
        page.clock.run_for(6_000)
    assert len(asked) == 2
    page.unroute_all(behavior="ignoreErrors")


def test_a_past_moment_is_shown_as_one_and_does_not_age(open_wall: Any, wall: Any) -> None:
    wall.feed.watermark_us = 0
    page = open_wall("?at=2017-12-03T18:52:36Z&window=all&lang=zh-CN")
    expect(page.locator("#banner")).to_have_text(
        "历史时刻：2017-12-04 02:52:36（Asia/Shanghai），统计 2017-12-04 03:00 之前的数据。"
    )
    expect(tile(page, "contacts")).to_have_text("2,846")
    expect(tile(page, "contacts", "age")).to_have_text("截至 2017-12-04 02:52:36")
    expect(page.locator("#clock-time")).to_have_text("02:52:36")


def test_a_past_moment_nobody_answers_for_dims_and_goes_too(open_wall: Any, wall: Any) -> None:
    page = open_wall("?at=2017-12-03T18:52:36Z&window=all")
    expect(tile(page, "contacts")).to_have_text("2,846")
    wall.pass_seconds(40)
    expect(page.locator("#banner")).to_contain_text("No word from the figures for 40 s")
    expect(page.locator("#tile-contacts")).to_have_attribute("data-freshness", "stale")
    wall.pass_seconds(90)
    expect(tile(page, "contacts")).to_have_text("—")


def test_a_screen_reader_hears_a_whole_sentence_a_tile(open_wall: Any, wall: Any) -> None:
    page = open_wall()
    expect(page.locator("#tile-first_response_breaches")).to_have_attribute(
        "aria-label",
        "First response breaches: 64 missed over the last 24 hours. The target is 0 missed. "
        "Status: Critical. Up to date.",
    )
    wall.pass_seconds(121)
    expect(page.locator("#tile-first_response_breaches")).to_have_attribute(
        "aria-label",
        "First response breaches: no current value; the last data is from 18:42:10.",
    )
    assert page.locator("[role=alert]").count() == 1


def test_a_changed_value_lights_up_unless_motion_is_unwanted(open_wall: Any, wall: Any) -> None:
    moving = open_wall()
    still = open_wall(prepare=lambda page: page.emulate_media(reduced_motion="reduce"))
    for page in (moving, still):
        expect(tile(page, "contacts")).to_have_text("2,846")
    wall.feed.say("contacts", 2_900)
    for page, name in ((moving, "changed"), (still, "none")):
        expect(tile(page, "contacts")).to_have_class(re.compile("changed"))
        assert computed(page, "#tile-contacts .tile-value", "animationName") == name


def test_a_desk_can_switch_views_and_a_kiosk_cannot(open_wall: Any) -> None:
    desk = open_wall("?window=7d")
    assert desk.locator("#controls [aria-current]").inner_text() == "7 d"
    desk.get_by_role("link", name="中文").click()
    desk.wait_for_url("**/?window=7d&lang=zh-CN")
    expect(desk.locator("#title")).to_have_text("客户服务看板")
    kiosk = open_wall("?kiosk=1")
    assert kiosk.locator("a").count() == 0
    assert computed(kiosk, ".tile", "cursor") == "none"
