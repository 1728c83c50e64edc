"""One tile's empty frame; the browser fills it from the snapshot."""

from __future__ import annotations

from dash import html

from dashboards.wall.formatting import MISSING


def tile(kpi: str) -> html.Section:
    return html.Section(
        id=f"tile-{kpi}",
        className="tile",
        **{"data-kpi": kpi, "data-status": "none", "data-freshness": "gone", "aria-label": kpi},
        children=[
            html.Div(
                className="tile-head",
                children=[
                    html.H2(className="tile-label"),
                    html.Span(className="tile-glyph", **{"aria-hidden": "true"}),
                ],
            ),
            html.Div(className="tile-figures", children=[_main(), _second()]),
            html.Div(
                className="tile-notes",
                children=[
                    html.Span(className="tile-caption"),
                    html.Span(className="tile-peak"),
                ],
            ),
            html.Div(className="tile-trend", **{"aria-hidden": "true"}),
            html.Div(
                className="tile-foot",
                children=[html.Span(className="tile-status"), html.Span(className="tile-age")],
            ),
        ],
    )


def _main() -> html.Div:
    return html.Div(
        className="tile-main",
        children=[html.Span(MISSING, className="tile-value"), html.Span(className="tile-unit")],
    )


def _second() -> html.Div:
    return html.Div(
        className="tile-second",
        children=[
            html.Span(className="second-label"),
            html.Span(
                className="second-figure",
                children=[
                    html.Span(className="second-value"),
                    html.Span(className="second-unit"),
                ],
            ),
        ],
    )
