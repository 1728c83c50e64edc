"""The way in from outside: one address per account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog
from aiohttp import web

from services.gateway.channels.registry import CHANNELS
from services.gateway.domain.account import Account
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
    RefusedError,
)
from services.gateway.handlers import Accepted, RequestIntake, UnknownAccountError
from services.gateway.ports import UnavailableError
from services.gateway.refusing import NoSecretError
from services.kernel.telemetry import metrics
from services.kernel.telemetry.tracing import enter_trace, traceparent_from

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
_READ_SECONDS = 10.0
_STOP_SECONDS = 10.0
# Connections that wait to be taken: platforms open many at once when one answer is late.
_BACKLOG = 4096
_RETRY_AFTER_SECONDS = 5


def build_app(intake: RequestIntake) -> web.Application:
    # aiohttp turns away what reaches its limit, not only what exceeds it.
    app = web.Application(client_max_size=MAX_BODY_BYTES + 1)
    for channel in CHANNELS:
        if channel.path:
            address = f"{channel.path}/{{organisation}}/{{account}}"
            receive = partial(_receive, intake, channel)
            app.router.add_get(address, receive, allow_head=False)
            app.router.add_post(address, receive)
    return app


async def _receive(
    intake: RequestIntake, channel: Channel, request: web.Request
) -> web.StreamResponse:
    started = time.monotonic()
    trace = traceparent_from(request.headers.get("traceparent"))
    enter_trace(trace)
    # What stays when a bug ends the attempt; aiohttp answers 500 and logs it.
    outcome = "failed"
    try:
        outcome, response = await _answer(intake, channel, request, trace)
    finally:
        metrics.GATEWAY_REQUESTS.labels(channel=channel.kind, outcome=outcome).inc()
        metrics.GATEWAY_ACCEPT_SECONDS.labels(channel=channel.kind).observe(
            time.monotonic() - started
        )
    return response


async def _answer(
    intake: RequestIntake, channel: Channel, request: web.Request, trace: str
) -> tuple[str, web.Response]:
    """Return the request's outcome, as metrics name it, and the answer."""
    try:
        where = request.match_info
        account = intake.find(channel.kind, where["organisation"], where["account"])
        inbound = await _inbound(request)
        answer = intake.greet(channel, account, inbound)
        if answer is not None:
            return "greeted", _respond(answer)
        return await _take_in(intake, channel, account, inbound, trace)
    except _TURNED_AWAY as error:
        return _turn_away(error)


async def _take_in(
    intake: RequestIntake, channel: Channel, account: Account, inbound: InboundRequest, trace: str
) -> tuple[str, web.Response]:
    if inbound.method != "POST":
        return "refused", web.json_response(
            {"error": "this address takes POST"}, status=405, headers={"Allow": "POST"}
        )
    taken = await intake.accept(channel, account, inbound, trace)
    outcome = "kept" if taken.kept else "accepted"
    if channel.accepted is not None:
        return outcome, _respond(channel.accepted)
    # Some platforms take nothing but 200 for an answer.
    return outcome, _count(taken, 202 if channel.strict else 200)


def _count(taken: Accepted, status: int) -> web.Response:
    answer = {"accepted": taken.accepted, "duplicates": taken.duplicates}
    return web.json_response(answer, status=status)


def _respond(answer: Answer) -> web.Response:
    return web.Response(
        body=answer.body, status=answer.status, headers={"Content-Type": answer.content_type}
    )


async def _inbound(request: web.Request) -> InboundRequest:
    body = await _read(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    query: dict[str, str] = {}
    for name, value in request.query.items():
        query.setdefault(name, value)
    return InboundRequest(body, headers, query, request.method, request.raw_path)


class _IncompleteBodyError(Exception):
    """The connection ended, or stood still, before the body was complete."""


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(_READ_SECONDS):
            return await request.read()
    except TimeoutError:
        raise _IncompleteBodyError(
            f"the body did not arrive within {_READ_SECONDS:.0f} s"
        ) from None
    except web.RequestPayloadError as error:
        raise _IncompleteBodyError("the body is not as long as announced") from error


_TURNED_AWAY = (
    UnknownAccountError,
    NoSecretError,
    RefusedError,
    InvalidRequestError,
    UnavailableError,
    web.HTTPRequestEntityTooLarge,
    _IncompleteBodyError,
)


def _turn_away(error: Exception) -> tuple[str, web.Response]:
    outcome, status, reason = "refused", 401, str(error)
    extra, headers = {}, {}
    match error:
        case UnknownAccountError():
            status, reason = 404, "there is no such account"
        case NoSecretError():
            status = 403
        case InvalidRequestError():
            outcome, status, reason = "invalid", 400, error.problem
            extra = {"field": error.place}
        case web.HTTPRequestEntityTooLarge():
            outcome, status = "too_large", 413
            reason = f"the body has more than {MAX_BODY_BYTES} bytes"
        case _IncompleteBodyError():
            outcome, status = "incomplete", 408
        case UnavailableError():
            outcome, status = "unavailable", 503
            headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    body = {"error": reason, **extra}
    return outcome, web.json_response(body, status=status, headers=headers)


class HttpServer:
    def __init__(
        self,
        host: str,
        port: int,
        intake: RequestIntake,
        add_routes: Callable[[web.Application], None] | None = None,
    ) -> None:
        """``add_routes`` adds what else is reached at this port: the web chat."""
        self._host = host
        self._port = port
        app = build_app(intake)
        if add_routes is not None:
            add_routes(app)
        # Signatures cover the bytes as they came; nothing is unpacked before it is verified.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,
            shutdown_timeout=_STOP_SECONDS,
        )

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG).start()
        log.info("accepting", host=self._host, port=self._port)

    async def stop(self) -> None:
        """Take no more connections, and finish the requests under way."""
        await self._runner.cleanup()
