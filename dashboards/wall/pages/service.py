"""The first page: how much comes in, how it is answered, and where promises break."""

from __future__ import annotations

from dashboards.wall.pages.page import Page

SERVICE = Page(
    name="service",
    kpis=(
        "contacts",
        "replies",
        "conversations",
        "first_response_time",
        "first_response_breaches",
        "negative_contacts",
    ),
)
