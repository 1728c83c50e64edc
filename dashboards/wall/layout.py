"""The wall's frame: header, a banner's reserved place, the pages' tiles, footer."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html

from dashboards.wall.pages.page import Page
from dashboards.wall.tiles import tile


def layout(pages: Sequence[Page]) -> html.Div:
    return html.Div(
        id="wall",
        children=[
            # The poller writes here; what draws the wall listens to it.
            dcc.Store(id="snapshot"),
            html.Div(id="drawn", hidden=True),
            _header(),
            html.Div(id="banner", role="alert"),
            *(_page(page, shown=index == 0) for index, page in enumerate(pages)),
            html.Footer(className="wall-foot", children=[html.Span(id="definitions")]),
        ],
    )


def _header() -> html.Header:
    return html.Header(
        className="wall-head",
        children=[
            html.Div(
                className="head-what",
                children=[html.H1(id="title"), html.Div(id="subtitle")],
            ),
            html.Nav(id="controls"),
            html.Div(
                className="head-when",
                children=[
                    html.Div(
                        className="clock-line",
                        children=[html.Span(id="clock-label"), html.Span(id="clock-time")],
                    ),
                    html.Div(id="clock-date"),
                ],
            ),
        ],
    )


def _page(page: Page, *, shown: bool) -> html.Main:
    return html.Main(
        id=f"page-{page.name}",
        className="page",
        hidden=not shown,
        children=[tile(kpi) for kpi in page.kpis],
    )
