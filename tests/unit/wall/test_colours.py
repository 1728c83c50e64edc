"""What is written must be readable: WCAG contrast of the theme's colours on a tile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dashboards.wall

CSS = Path(next(iter(dashboards.wall.__path__))) / "assets" / "wall.css"


def colours(theme: str) -> dict[str, str]:
    found = re.search(rf'\[data-theme="{theme}"\] \{{(.*?)\}}', CSS.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return dict(re.findall(r"--(\w+): (#\w{6});", found[1]))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    ("name", "least"),
    # Critical is only ever a large shape, for which 3 is enough.
    [("text", 7.0), ("muted", 4.5), ("warning", 4.5), ("critical", 3.0), ("trend", 4.5)],
)
def test_what_is_drawn_on_a_tile_stands_out(theme: str, name: str, least: float) -> None:
    palette = colours(theme)
    assert contrast(palette[name], palette["tile"]) >= least
    assert contrast(palette[name], palette["ground"]) >= least
