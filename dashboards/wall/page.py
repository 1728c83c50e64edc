"""The HTML page around the wall: its language, theme and texts are there before any script runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboards.wall.languages import LANGUAGES, Language, language
from dashboards.wall.model import GONE_AFTER_US, STALE_AFTER_US
from dashboards.wall.view import ViewError

THEMES = ("dark", "light")
ASSETS = Path(__file__).parent / "assets"

POLL_MS = 2_000
REQUEST_TIMEOUT_MS = 10_000
# Browsers that show one page for months leak: the page starts afresh once a day.
RELOAD_AFTER_MS = 24 * 3_600_000

INDEX = """<!DOCTYPE html>
<html lang="{%wall_lang%}" data-theme="{%wall_theme%}" data-kiosk="{%wall_kiosk%}">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
    <script type="application/json" id="page-settings">{%wall_settings%}</script>
  </head>
  <body>
    {%app_entry%}
    <footer class="dash-scripts">{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


@dataclass(frozen=True, slots=True)
class PageOptions:
    language: Language
    theme: str = "dark"
    kiosk: bool = False


def parse_page(query: Mapping[str, str], default_language: str) -> PageOptions:
    """Read ``lang``, ``theme`` and ``kiosk``; raise :class:`ViewError` for what is unknown."""
    return PageOptions(
        language=language(_choice(query, "lang", default_language, LANGUAGES)),
        theme=_choice(query, "theme", "dark", THEMES),
        kiosk=_choice(query, "kiosk", "0", ("0", "1")) == "1",
    )


def fill(index: str, options: PageOptions, timezone: str) -> str:
    settings = {
        "texts": dict(options.language.texts),
        "timezone": timezone,
        "build": build_id(),
        "poll_ms": POLL_MS,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "reload_after_ms": RELOAD_AFTER_MS,
        "stale_after_ms": STALE_AFTER_US // 1_000,
        "gone_after_ms": GONE_AFTER_US // 1_000,
    }
    places = {
        "{%wall_lang%}": options.language.code,
        "{%wall_theme%}": options.theme,
        "{%wall_kiosk%}": "1" if options.kiosk else "0",
        # No text may end the script element that holds it.
        "{%wall_settings%}": json.dumps(settings, ensure_ascii=False).replace("<", "\\u003c"),
    }
    for place, value in places.items():
        index = index.replace(place, value)
    return index


@cache
def build_id() -> str:
    """Identify what browsers run and say, so that a screen reloads when it is outdated."""
    digest = hashlib.sha256()
    for path in sorted([*ASSETS.iterdir(), *(ASSETS.parent / "locales").iterdir()]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _choice(query: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> str:
    value = query.get(name, "") or default
    if value not in known:
        raise ViewError(f"{name}={value!r} is unknown: take one of {', '.join(known)}")
    return value
