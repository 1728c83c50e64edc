"""
The wall's pages.

All of a wall's pages are mounted once and shown in turn: mounting anew leaks in browsers that run
for months. A surface with tables and filters is no page here but a Dash app of its own beside this
one on the same server, so that screens never load what only desks need.
"""

from __future__ import annotations

from dashboards.wall.pages.page import Page
from dashboards.wall.pages.service import SERVICE

PAGES: tuple[Page, ...] = (SERVICE,)
