"""Which account an address names, and which pages may speak to it."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from services.gateway.channels.web_chat import KIND, WebChatSettings
from services.gateway.domain.account import Account, Accounts


class NotFoundError(Exception):
    """There is no such web chat, or it has no secret yet."""


def find_account(accounts: Accounts, request: web.Request) -> Account:
    where = request.match_info
    account = accounts.find(KIND, where["organisation"], where["account"])
    if account is None or not account.secrets:
        raise NotFoundError
    return account


def origin_allowed(account: Account, request: web.Request) -> bool:
    """Tell whether the page that speaks is one of the organisation's, or the gateway's own.

    Every browser names the page's origin on a socket and on a call from another site.
    """
    settings: WebChatSettings = account.settings
    origin = request.headers.get("Origin", "")
    if not origin:
        return request.method in ("GET", "HEAD") and "Upgrade" not in request.headers
    return origin in settings.allowed_origins or urlsplit(origin).netloc == request.host


def cors_headers(account: Account, request: web.Request) -> dict[str, str]:
    origin = request.headers.get("Origin", "")
    if not origin or not origin_allowed(account, request):
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, X-File-Name",
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


def address_of(account: Account, request: web.Request) -> str:
    """Return the visitor's address, as the organisation's proxy tells it where there is one."""
    settings: WebChatSettings = account.settings
    told = request.headers.get(settings.address_header, "") if settings.address_header else ""
    return told.rpartition(",")[2].strip() or request.remote or ""
