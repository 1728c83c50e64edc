"""The catalogue's page says what the definitions say, and its examples are worked right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

import pytest

from services.kpi.domain import sketch
from services.kpi.domain.cells import COARSE_SECONDS, FINE_SECONDS
from services.kpi.domain.definitions import Definition, catalogue
from services.kpi.domain.fold import FINE_KEPT_US
from services.kpi.domain.query import DIMENSIONS, MAX_ROWS

PAGE = "docs/kpis.md"


class Page(Protocol):
    text: str

    def tables(self) -> Iterator[list[list[str]]]: ...


@pytest.fixture(scope="module")
def text(pages: dict[str, Page]) -> str:
    return pages[PAGE].text


@pytest.fixture(scope="module")
def rows(pages: dict[str, Page]) -> list[list[str]]:
    return next(pages[PAGE].tables())


def test_the_table_holds_the_catalogue_in_its_order(rows: list[list[str]]) -> None:
    assert rows == [_row(definition) for definition in catalogue()]


def test_every_kpi_has_a_section_and_no_other_has(text: str) -> None:
    kpis = text.split("\n## The KPIs\n")[1].split("\n## ", maxsplit=1)[0]
    assert re.findall(r"^### (.+)$", kpis, re.MULTILINE) == list(catalogue().ids)


@pytest.mark.parametrize("kpi", catalogue().ids)
def test_every_section_says_what_counts_how_it_misleads_and_gives_an_example(
    kpi: str, text: str
) -> None:
    section = text.split(f"\n### {kpi}\n")[1].split("\n##", maxsplit=1)[0]
    for part in ("- **Counts** ", "- **Can mislead**: ", "- **Example**: "):
        assert section.count(part) == 1, part
    target = catalogue().get(kpi).target
    assert ("- **Target**: " in section) is (target is not None)


def test_the_example_of_quantiles_is_what_the_sketch_says(text: str) -> None:
    example = (
        text.split("\n### first_response_time\n")[1].split("\n##", maxsplit=1)[0].replace("\n ", "")
    )
    seconds = [40, 60, 75, 600, 7_200]
    counts: sketch.Sketch = {}
    for each in seconds:
        sketch.add(counts, each * 1_000_000)
    median, p90 = (value / 1_000_000 for value in sketch.quantiles(counts, (0.5, 0.9)))
    assert f"mean {sum(seconds) / len(seconds):,.0f} s" in example
    assert f"75 s (shown as {median:.1f}, see" in example
    assert f"7,200 s (shown as {p90:,.1f})" in example


def test_the_limits_are_those_of_the_code(text: str) -> None:
    text = " ".join(text.split())
    assert f"Buckets are {FINE_SECONDS} s and {COARSE_SECONDS} s long" in text
    assert f"**less than 1 %** ({sketch.ALPHA * 100:.2f} %)" in text
    assert f"each {sketch.GAMMA_STEP / 100:g} % wider" in text
    assert FINE_KEPT_US == 2 * 24 * 3_600_000_000
    assert "for two days behind their timeline's watermark" in text
    assert f"at most {MAX_ROWS:,} rows" in text
    for dimension in DIMENSIONS:
        assert f"`{dimension}`" in text


def _row(definition: Definition) -> list[str]:
    return [
        f"[`{definition.id}`](#{definition.id})",
        definition.name_en,
        definition.name_zh,
        definition.formula.reading.value,
        definition.unit,
        definition.direction.value,
        "–" if definition.target is None else f"{definition.target:g}",
        str(definition.version),
    ]
