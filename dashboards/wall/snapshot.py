"""What every screen of a view fetches: rendered once a change, kept as bytes with an ETag."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from dashboards.wall import model
from dashboards.wall.feed import State
from dashboards.wall.figures import Figures
from dashboards.wall.model import Freshness
from dashboards.wall.view import View, ranges
from dashboards.wall.wording import Wording
from services.kernel.clock import to_iso

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``body`` is JSON; ages are no part of it, so that it changes only when the figures do."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Kept:
    figures: Figures | None
    freshness: Freshness
    snapshot: Snapshot


class Snapshots:
    """The latest snapshot of the views in use; safe to call from any thread."""

    def __init__(self, kpis: Sequence[str]) -> None:
        self._kpis = tuple(kpis)
        self._kept: OrderedDict[tuple[View, str], _Kept] = OrderedDict()
        self._lock = Lock()

    def get(
        self, view: View, state: State, freshness: Freshness, wording: Wording, now_us: int
    ) -> Snapshot:
        key = (view, wording.language.code)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.figures is not state.figures or kept.freshness != freshness:
                figures = state.figures or _no_figures(view, now_us)
                body = render(self._kpis, view, figures, freshness, wording)
                kept = _Kept(state.figures, freshness, Snapshot(body, _etag(body)))
                self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return kept.snapshot


def render(
    kpis: Sequence[str],
    view: View,
    figures: Figures,
    freshness: Freshness,
    wording: Wording,
) -> bytes:
    """
    Write a snapshot.

    Figures that are gone are not in it at all: whoever reads it, a broken feed has no values.
    """
    limits = figures.ranges
    window = wording.window(view, limits.to_us)
    gone = freshness is Freshness.GONE
    shown = replace(figures, totals={}, trends={}) if gone else figures
    tiles = model.tiles(kpis, view, shown)
    no_facts = not gone and all(tile.count is None for tile in tiles)
    text = wording.language.text
    document = {
        "mode": "live" if view.at_us is None else "past",
        "freshness": freshness.value,
        "brand": view.brand,
        "window": {
            "name": view.window.name,
            "from": None if limits.from_us is None else to_iso(limits.from_us),
            "to": None if limits.to_us is None else to_iso(limits.to_us),
        },
        "subtitle": f"{window[:1].upper()}{window[1:]} · {wording.brand(view)}",
        "past_notice": ""
        if view.at_us is None or limits.to_us is None
        else wording.past_notice(view.at_us, limits.to_us),
        "no_facts_notice": text("notice.no_facts", brand=wording.brand(view)) if no_facts else "",
        "tiles": [wording.tile(tile, window) for tile in tiles],
        "definitions": wording.definitions(tiles),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _no_figures(view: View, now_us: int) -> Figures:
    return Figures({}, ranges(view.source, now_us), totals={}, trends={})


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:20]
