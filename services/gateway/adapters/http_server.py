"""The way in from outside: one POST address per account."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import structlog
from aiohttp import web

from services.gateway.domain.channel import Channel
from services.gateway.domain.channels import CHANNELS
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.handlers import NoSecretError, RequestIntake, UnknownAccountError
from services.gateway.ports import UnavailableError
from services.kernel.telemetry import metrics
from services.kernel.telemetry.tracing import enter_trace, traceparent_from

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
_READ_SECONDS = 10.0
_STOP_SECONDS = 10.0
_RETRY_AFTER_SECONDS = 5


def build_app(intake: RequestIntake) -> web.Application:
    # aiohttp turns away what reaches its limit, not only what exceeds it.
    app = web.Application(client_max_size=MAX_BODY_BYTES + 1)
    for channel in CHANNELS:
        app.router.add_post(
            f"{channel.path}/{{organisation}}/{{account}}", partial(_receive, intake, channel)
        )
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
        account = intake.find(channel, where["organisation"], where["account"])
        body = await _read(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = await intake.accept(channel, account, InboundRequest(body, headers), trace)
    except _TURNED_AWAY as error:
        return _turn_away(error)
    answer = {"accepted": taken.accepted, "duplicates": taken.duplicates}
    return "accepted", web.json_response(answer, status=202)


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
    def __init__(self, host: str, port: int, intake: RequestIntake) -> None:
        self._host = host
        self._port = port
        # Signatures cover the bytes as they came; nothing is unpacked before it is verified.
        self._runner = web.AppRunner(
            build_app(intake),
            access_log=None,
            auto_decompress=False,
            shutdown_timeout=_STOP_SECONDS,
        )

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        log.info("accepting", host=self._host, port=self._port)

    async def stop(self) -> None:
        """Take no more connections, and finish the requests under way."""
        await self._runner.cleanup()
