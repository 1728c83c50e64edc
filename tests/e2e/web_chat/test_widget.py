"""The widget in a real browser, in front of a gateway whose log is a list."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from services.gateway.domain.incoming import Receipt
from tests.e2e.conftest import eventually

from .conftest import Served

pytestmark = pytest.mark.e2e

Opening = Callable[..., Page]
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def bubbles(page: Page) -> Any:
    return page.locator("careline-chat li .bubble")


def test_a_customer_writes_and_an_answer_appears(served: Served, open_page: Opening) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
    say(page, "Where is my bag?")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"You · \d\d:\d\d"))
    assert served.chat.intake.taken[0].body.text == "Where is my bag?"
    served.answer("On its way: https://shop.example/track.")
    expect(bubbles(page).last).to_have_text("On its way: https://shop.example/track.")
    expect(page.get_by_role("link", name="https://shop.example/track")).to_have_attribute(
        "rel", "noopener noreferrer nofollow"
    )
    eventually(lambda: isinstance(served.chat.intake.taken[-1].body, Receipt))


def test_a_visitor_who_reloads_finds_the_conversation(served: Served, open_page: Opening) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    say(page, "Where is my bag?")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    served.answer("On its way")
    expect(bubbles(page).last).to_have_text("On its way")
    page.reload()
    expect(bubbles(page)).to_have_text(["Hello", "Where is my bag?", "On its way"])


def test_what_is_written_without_a_connection_arrives_later(
    served: Served, open_page: Opening
) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    say(page, "first")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    served.shut()
    expect(page.locator("careline-chat .state")).to_contain_text("No connection")
    say(page, "second")
    expect(page.locator("li.mine .meta").last).to_have_text("You · Sending …")
    served.open()
    expect(page.locator("li.mine .meta").last).to_have_text(
        re.compile(r"\d\d:\d\d"), timeout=20_000
    )
    expect(page.locator("careline-chat .state")).to_be_hidden()
    assert [one.body.text for one in served.chat.intake.taken] == ["first", "second"]


def test_what_was_durable_and_not_shown_is_shown_by_the_next_gateway(
    served: Served, open_page: Opening
) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    served.chat.screen.away = True
    say(page, "first")
    expect(page.locator("li.mine .meta")).to_have_text("You · Sent")
    served.shut()
    served.chat.screen.away = False
    served.open()
    meta = page.locator("li.mine .meta")
    expect(meta).to_have_text(re.compile(r"\d\d:\d\d"), timeout=20_000)
    assert len(served.chat.intake.taken) == len(served.chat.screen.log) == 1


def test_what_looks_like_markup_is_text(served: Served, open_page: Opening) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    hostile = "<img src=x onerror=alert(1)> javascript:alert(1)"
    say(page, hostile)
    expect(bubbles(page).last).to_have_text(hostile)
    assert page.locator("careline-chat .bubble img, careline-chat .bubble a").count() == 0


def test_a_file_is_sent_and_shown(served: Served, open_page: Opening, tmp_path: Path) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    expect(page.locator("careline-chat .state")).to_be_hidden()
    say(page, "look")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    picture = tmp_path / "bag.png"
    picture.write_bytes(PNG)
    page.locator("careline-chat input[type=file]").set_input_files(picture)
    image = page.get_by_role("img", name="bag.png")
    expect(image).to_be_visible()
    eventually(lambda: image.evaluate("one => one.naturalWidth") == 1)
    assert served.chat.intake.taken[-1].body.attachments[0].content == PNG
    large = tmp_path / "large.png"
    large.write_bytes(PNG + b"0" * 2_000)
    page.locator("careline-chat input[type=file]").set_input_files(large)
    expect(page.locator("careline-chat .hint")).to_contain_text("too large")


def test_a_suggested_answer_is_sent_by_a_click(served: Served, open_page: Opening) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    say(page, "hello")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    served.answer("Which one?", quick_replies=[{"title": "The blue one", "payload": "sku-1"}])
    page.get_by_role("button", name="The blue one").click()
    expect(bubbles(page).last).to_have_text("The blue one")
    eventually(lambda: served.chat.intake.taken[-1].body.text == "The blue one")
    assert served.chat.intake.taken[-1].body.payload == "sku-1"


def test_a_closed_chat_counts_what_is_new(served: Served, open_page: Opening) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    say(page, "hello")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    page.keyboard.press("Escape")
    launcher = page.get_by_role("button", name="Open the chat")
    expect(launcher).to_be_focused()
    served.answer("Good day")
    expect(page.get_by_role("button", name="Open the chat, 1 new")).to_be_visible()
    page.keyboard.press("Enter")
    expect(bubbles(page).last).to_have_text("Good day")


@pytest.mark.parametrize(
    ("language", "label", "direction"),
    [
        ("zh-CN", "打开聊天窗口", "ltr"),
        ("de-AT", "Chat öffnen", "ltr"),
        ("es-MX", "Abrir el chat", "ltr"),
        ("fr-CA", "Ouvrir la discussion", "ltr"),
        ("ja-JP", "チャットを開く", "ltr"),
        ("ar-EG", "فتح المحادثة", "rtl"),
        ("fi-FI", "Open the chat", "ltr"),
    ],
)
def test_it_speaks_the_visitors_language(
    open_page: Opening, language: str, label: str, direction: str
) -> None:
    page = open_page(language)
    page.get_by_role("button", name=label).click()
    assert page.locator("careline-chat").get_attribute("dir") == direction
    panel = page.locator("careline-chat .panel").bounding_box()
    assert panel is not None
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= 1100
    # Everything lies within the panel, whatever the words.
    assert page.evaluate(OVERFLOWS) == []


@pytest.mark.parametrize("language", ["en-GB", "de-DE", "ar-EG"])
def test_it_fills_a_small_screen(open_page: Opening, language: str) -> None:
    page = open_page(language, width=360, height=640)
    page.locator("careline-chat .launcher").click()
    box = page.locator("careline-chat .panel").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
    assert page.evaluate(OVERFLOWS) == []


def test_every_control_has_a_name_and_is_reached_by_keyboard(open_page: Opening) -> None:
    page = open_page()
    # The page has a scrolling example before it.
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == "launcher":
            break
    expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate(NAMELESS) == []
    reached = set()
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(FOCUSED))
    assert {"close", "log", "attach", "send"} <= reached


def test_text_stands_out_from_its_ground(served: Served, open_page: Opening) -> None:
    page = open_page()
    page.get_by_role("button", name="Open the chat").click()
    say(page, "hello")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    served.answer("Which?", quick_replies=[{"title": "Blue", "payload": "b"}])
    expect(page.get_by_role("button", name="Blue")).to_be_visible()
    assert page.evaluate(CONTRASTS) == []


def test_it_speaks_first_by_rule_and_once_a_visit(served: Served, open_page: Opening) -> None:
    page = open_page()
    answer = {
        "title": "",
        "greeting": "",
        "colour": "",
        "text_limit": 4000,
        "file_bytes": 0,
        "file_types": [],
        "invitation": {"name": "checkout", "text": "Need a hand?", "after_seconds": 0},
    }
    page.route("**/config?*", lambda route: route.fulfill(json=answer))
    page.reload()
    invitation = page.locator("careline-chat .invitation")
    expect(invitation).to_contain_text("Need a hand?")
    page.get_by_role("button", name="No, thank you").click()
    expect(invitation).to_be_hidden()
    page.reload()
    page.locator("careline-chat .launcher").wait_for()
    expect(invitation).to_be_hidden()


OVERFLOWS = """
() => {
  const root = document.querySelector("careline-chat").shadowRoot;
  const panel = root.querySelector(".panel").getBoundingClientRect();
  const found = [];
  for (const one of root.querySelectorAll(".panel *")) {
    if (one.closest("svg, .unseen, [hidden]")) continue;
    const box = one.getBoundingClientRect();
    const name = one.className || one.tagName;
    if (!box.width) continue;
    if (box.left < panel.left - 1 || box.right > panel.right + 1) found.push(name);
    if (one.tagName === "BUTTON" && one.scrollWidth > one.clientWidth + 1) found.push(name);
  }
  return found;
}
"""

NAMELESS = """
() => {
  const root = document.querySelector("careline-chat").shadowRoot;
  return [...root.querySelectorAll("button, textarea")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() ||
      (one.labels && one.labels.length)))
    .map((one) => one.className || one.tagName);
}
"""

FOCUSED = """
() => {
  const one = document.querySelector("careline-chat").shadowRoot.activeElement;
  return one ? one.className || one.tagName : "";
}
"""

# WCAG 2.2, 1.4.3: 4.5 to 1 for every text.
CONTRASTS = """
() => {
  const root = document.querySelector("careline-chat").shadowRoot;
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => {
      const c = one / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const one of root.querySelectorAll(".panel *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !one.checkVisibility() || one.closest(".unseen")) continue;
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) bad.push(`${one.className || one.tagName} ${contrast.toFixed(2)}`);
  }
  return bad;
}
"""
