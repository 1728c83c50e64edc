"""A tile and its surroundings in one language: everything the screen writes, ready to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dashboards.wall import formatting
from dashboards.wall.figures import Definition
from dashboards.wall.languages import Language
from dashboards.wall.model import Status, Tile, Trend
from dashboards.wall.view import DAY_US, HOUR_US, MINUTE_US, QUARTER_US, View
from services.kernel.clock import to_datetime

_GLYPHS = {Status.WARNING: "▲", Status.CRITICAL: "■"}
_STEPS = {MINUTE_US: "1m", QUARTER_US: "15m", 2 * HOUR_US: "2h", DAY_US: "1d"}
_MEDIAN = "p50"


@dataclass(frozen=True, slots=True)
class Wording:
    language: Language
    zone: ZoneInfo

    def instant(self, at_us: int, *, seconds: bool = True) -> str:
        at = to_datetime(at_us).astimezone(self.zone)
        return at.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")

    def window(self, view: View, to_us: int | None) -> str:
        if to_us is None:
            return self.language.text(f"window.{view.window.name}")
        until = self.instant(to_us, seconds=False)
        return self.language.text(f"window.past.{view.window.name}", until=until)

    def brand(self, view: View) -> str:
        return view.brand or self.language.text("brand.all")

    def past_notice(self, at_us: int, to_us: int) -> str:
        return self.language.text(
            "notice.past",
            time=self.instant(at_us),
            zone=self.zone.key,
            until=self.instant(to_us, seconds=False),
        )

    def definitions(self, tiles: Sequence[Tile]) -> str:
        known = [tile.definition for tile in tiles if tile.definition is not None]
        versions = [f"{definition.kpi} v{definition.version}" for definition in known]
        if not versions:
            return ""
        return self.language.text("definitions", definitions=" · ".join(versions))

    def tile(self, tile: Tile, window: str) -> dict[str, object]:
        """Return a tile as the snapshot holds it; raw numbers stand beside their texts."""
        definition = tile.definition
        unit = definition.unit if definition is not None else ""
        main = formatting.quantity(tile.value, unit, self.language.scales)
        return {
            "kpi": tile.kpi,
            "label": self.language.label(tile.kpi, definition),
            "value": tile.value,
            "text": main.text,
            "unit": self.language.unit(main.unit) if main.unit else "",
            "count": tile.count,
            "second": self._second(tile, unit),
            "target": None if definition is None else definition.target,
            "caption": self._caption(tile),
            "status": tile.status.value,
            "status_text": self.language.text(f"status.{tile.status}"),
            "glyph": _GLYPHS.get(tile.status, ""),
            "definition_version": None if definition is None else definition.version,
            "sentence": self._sentence(tile, unit, window),
            "trend": None if tile.trend is None else self._trend(tile.trend, unit),
        }

    def _written(self, value: float | None, unit: str) -> str:
        """Write a value with its unit, for places where the two are not set apart."""
        text, shown_unit = formatting.quantity(value, unit, self.language.scales)
        return f"{text} {self.language.unit(shown_unit)}"

    def _second(self, tile: Tile, unit: str) -> dict[str, object] | None:
        if tile.definition is None or tile.definition.reading != _MEDIAN:
            return None
        text, shown_unit = formatting.quantity(tile.p90, unit, self.language.scales)
        return {
            "label": self.language.text("tile.p90"),
            "value": tile.p90,
            "text": text,
            "unit": self.language.unit(shown_unit),
        }

    def _caption(self, tile: Tile) -> str:
        """Say how the value is read and what it is measured against."""
        definition = tile.definition
        if definition is None:
            return ""
        reading = self.language.reading(definition.reading)
        if definition.target is None:
            return reading
        # Beside a target there is room for the short name alone.
        parts = (definition.reading if reading else "", self._target(definition))
        return " · ".join(part for part in parts if part)

    def _target(self, definition: Definition) -> str:
        target = definition.target
        if target == 0 and definition.direction == "down":
            return self.language.text("target.zero")
        key = "target.at_most" if definition.direction == "down" else "target.at_least"
        return self.language.text(key, target=self._promised(target, definition.unit))

    def _promised(self, target: float | None, unit: str) -> str:
        """Write a target: a round figure stays one."""
        text, shown_unit = formatting.quantity(target, unit, self.language.scales)
        return f"{text.removesuffix('.0')} {self.language.unit(shown_unit)}"

    def _sentence(self, tile: Tile, unit: str, window: str) -> str:
        text = self.language.text
        label = self.language.label(tile.kpi, tile.definition)
        if tile.value is None:
            return text("sentence.missing", label=label, window=window)
        value = self._written(tile.value, unit)
        parts = [text("sentence.value", label=label, value=value, window=window)]
        if tile.p90 is not None:
            parts.append(text("sentence.p90", value=self._written(tile.p90, unit)))
        if tile.definition is not None and tile.definition.target is not None:
            target = self._promised(tile.definition.target, unit)
            parts.append(text("sentence.target", target=target))
            parts.append(text("sentence.status", status=text(f"status.{tile.status}")))
        return " ".join(parts)

    def _trend(self, trend: Trend, unit: str) -> dict[str, object]:
        return {
            "points": trend.points,
            "target": trend.target,
            "partial": trend.partial,
            "peak": self._peak(trend.peak, trend.step_us, unit) if trend.peak else "",
        }

    def _peak(self, peak: float, step_us: int, unit: str) -> str:
        """Give the trend its scale; a duration is no amount per bucket."""
        if unit == "seconds":
            return self.language.text("tile.peak_value", value=self._written(peak, unit))
        value = formatting.number(peak, self.language.scales)
        step = self.language.text(f"step.{_STEPS[step_us]}")
        return self.language.text("tile.peak", value=value, step=step)
