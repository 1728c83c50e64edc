"""The wall as a Dash app: one page, one snapshot per view, no server callbacks."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from dash import ClientsideFunction, Dash, Input, Output
from flask import Flask, Response, request

from dashboards.wall import model
from dashboards.wall.feed import Feed
from dashboards.wall.layout import layout
from dashboards.wall.page import ASSETS, INDEX, build_id, fill, parse_page
from dashboards.wall.pages import PAGES
from dashboards.wall.settings import Settings
from dashboards.wall.snapshot import Snapshots
from dashboards.wall.view import ViewError, parse_view
from dashboards.wall.wording import Wording
from services.kernel.clock import Clock, SystemClock

AGE_HEADER = "Careline-Age-Ms"
AS_OF_HEADER = "Careline-As-Of-Ms"
BUILD_HEADER = "Careline-Build"


class WallDash(Dash):  # type: ignore[misc]  # Dash is untyped
    """Dash, with a page that is written for who asks: language, theme, texts."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            "dashboards.wall",
            assets_folder=str(ASSETS),
            title="Careline",
            update_title=None,
            index_string=INDEX,
            enable_mcp=False,
        )
        self._settings = settings

    def interpolate_index(self, **parts: Any) -> str:
        page: str = super().interpolate_index(**parts)
        options = parse_page(request.args, self._settings.language)
        return fill(page, options, self._settings.timezone)


def create_app(feed: Feed, settings: Settings, clock: Clock | None = None) -> WallDash:
    app = WallDash(settings)
    app.layout = layout(PAGES)
    app.clientside_callback(
        ClientsideFunction("careline", "draw"), Output("drawn", "title"), Input("snapshot", "data")
    )
    _add_routes(app.server, feed, settings, clock or SystemClock())
    return app


def _add_routes(server: Flask, feed: Feed, settings: Settings, clock: Clock) -> None:
    snapshots = Snapshots([kpi for page in PAGES for kpi in page.kpis])
    zone = ZoneInfo(settings.timezone)

    @server.get("/snapshot")
    def snapshot() -> Response:
        view = parse_view(request.args, clock.now_us())
        wording = Wording(parse_page(request.args, settings.language).language, zone)
        state = feed.read(view)
        now_us = clock.now_us()  # a new view's first reading takes a moment
        age_us = model.age_us(
            view, now_us=now_us, watermark_us=state.watermark_us, contact_us=state.contact_us
        )
        found = snapshots.get(view, state, model.freshness(age_us), wording, now_us)
        response = Response(found.body, mimetype="application/json")
        response.set_etag(found.etag)
        response.headers["Cache-Control"] = "no-cache"
        response.headers[BUILD_HEADER] = build_id()
        if age_us is not None:
            response.headers[AGE_HEADER] = str(age_us // 1_000)
        as_of_us = state.watermark_us if view.at_us is None else view.at_us
        if as_of_us > 0:
            response.headers[AS_OF_HEADER] = str(as_of_us // 1_000)
        response.make_conditional(request)
        return response

    @server.before_request
    def refuse_unknown_views() -> None:
        """Refuse before a page that could only stay empty is loaded."""
        if request.path == "/":
            parse_view(request.args, clock.now_us())
            parse_page(request.args, settings.language)

    @server.errorhandler(ViewError)
    def explain(error: ViewError) -> tuple[str, int, dict[str, str]]:
        return f"{error}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}

    @server.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response
