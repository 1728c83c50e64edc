"""Slack's Web API, the sending side: every answer is a 200 that says whether it is one."""

from __future__ import annotations

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

REVOKED_TOKEN = "xoxb-revoked"  # noqa: S105  # no secret: a word that asks for the error
# Channels that stand for what can happen.
UNKNOWN_CHANNEL = "C0UNKNOWN"
BUSY_CHANNEL = "C0BUSY"
_BUSY_SECONDS = 30
_TEXT_LIMIT = 40_000
_BLOCK_LIMIT = 3_000
_MOST_BLOCKS = 50
_MOST_BUTTONS = 25
_FIRST_SECOND = 1_700_000_000


class _SlackError(Exception):
    """An answer with ``ok`` false, in Slack's word for it."""


class SlackSandbox(Sandbox):
    kind = "slack"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def post_message(request: web.Request) -> web.Response:
            try:
                channel, sent = _take(await _object(request), _token(request), book)
            except _SlackError as error:
                busy = str(error) == "ratelimited"
                return web.json_response(
                    {"ok": False, "error": str(error)},
                    status=429 if busy else 200,
                    headers={"retry-after": str(_BUSY_SECONDS)} if busy else {},
                )
            return web.json_response({"ok": True, "channel": channel, "ts": sent})

        return [web.post("/api/chat.postMessage", post_message)]


def _token(request: web.Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


async def _object(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _SlackError("invalid_json")
    return body


def _take(message: dict[str, object], token: str, book: Book) -> tuple[str, str]:
    if not token:
        raise _SlackError("not_authed")
    if token == REVOKED_TOKEN:
        raise _SlackError("token_revoked")
    channel, root = message.get("channel"), message.get("thread_ts")
    if not isinstance(channel, str) or not channel or channel == UNKNOWN_CHANNEL:
        raise _SlackError("channel_not_found")
    if channel == BUSY_CHANNEL:
        raise _SlackError("ratelimited")
    text, blocks = message.get("text", ""), message.get("blocks", [])
    if not isinstance(text, str) or not isinstance(blocks, list) or not (text or blocks):
        raise _SlackError("no_text")
    if len(text) > _TEXT_LIMIT:
        raise _SlackError("msg_too_long")
    if len(blocks) > _MOST_BLOCKS or not all(_is_block(block) for block in blocks):
        raise _SlackError("invalid_blocks")
    thread = f"{channel}:{root}" if root else channel
    kept = book.keep(thread, _plain(text), message)
    return channel, f"{_FIRST_SECOND}.{int(kept):06d}"


def _is_block(block: object) -> bool:
    if not isinstance(block, dict):
        return False
    if block.get("type") == "section":
        return 0 < len(block["text"]["text"]) <= _BLOCK_LIMIT
    if block.get("type") == "image":
        return bool(block.get("image_url")) and bool(block.get("alt_text"))
    if block.get("type") == "actions":
        return 1 <= len(block["elements"]) <= _MOST_BUTTONS
    return False


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
