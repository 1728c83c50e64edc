"""The only place that constructs the adapters of the sender lane."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NoReturn

import aiohttp
import structlog

from services.gateway.adapters.accounts_file import read_accounts
from services.gateway.adapters.blob_folder import BlobFolder
from services.gateway.adapters.kafka_chat import KafkaScreen
from services.gateway.adapters.kafka_log import KafkaLog
from services.gateway.adapters.mail_submission import submit_mail
from services.gateway.adapters.platform_http import HttpPlatform, open_session
from services.gateway.channels.registry import CHANNELS
from services.gateway.chat.answering import show_reply
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.delivery import OpenReply
from services.gateway.ports_chat import ChatScreen
from services.gateway.senders.registry import SENDERS
from services.gateway.senders.sender import Platform
from services.gateway.sending.calling import Caller, SendingPolicy
from services.gateway.sending.dispatcher import OUTCOMES, Dispatcher
from services.gateway.sending.journal import Journal
from services.gateway.sending.lane import build_send_lane
from services.gateway.sending.planning import Planner
from services.gateway.sending.stage import OPEN
from services.gateway.settings import SendSettings
from services.kernel.clock import SystemClock
from services.kernel.kafka.worker import EXIT_FAILED
from services.kernel.lane_service import Companion, LaneService
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

_SECOND_US = 1_000_000


def bootstrap_send(settings: SendSettings) -> LaneService:
    """Check everything that can be wrong with the settings; nothing is opened yet."""
    core = build_send_lane(accept_decision_version=settings.accept_decision_version)
    clock = SystemClock()
    policy = SendingPolicy(
        calls_per_account=settings.calls_per_account,
        call_seconds=settings.call_seconds,
        give_up_us=settings.give_up_seconds * _SECOND_US,
    )
    record_log = KafkaLog(settings.kafka)
    outside = _Outside(KafkaScreen(record_log, clock))

    def restored() -> Iterable[tuple[str, OpenReply]]:
        for table in core.tables(OPEN):
            yield from table.items()

    dispatcher = Dispatcher(
        caller=Caller(
            Planner(_accounts(settings), SENDERS),
            outside.open_platform,
            clock,
            policy,
            BlobFolder(settings.blob_dir),
        ),
        journal=Journal(record_log),
        clock=clock,
        policy=policy,
        restored=restored,
        crash=_crash,
    )

    async def start() -> None:
        _begin_counting()
        await outside.start()
        await record_log.connect()

    async def stop() -> None:
        await dispatcher.stop()
        await record_log.stop()
        await outside.stop()

    companion = Companion(start, stop, lambda: (True, dispatcher.report()))
    return LaneService(core, settings, follower=dispatcher, companions=[companion])


class _Outside:
    """What the platforms are reached by."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._clock = SystemClock()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = open_session()

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def open_platform(self, account: Account) -> Platform:
        if self._session is None:
            raise RuntimeError(f"{account.channel} is called before the process has started")
        return HttpPlatform(
            session=self._session,
            clock=self._clock,
            submit_mail=submit_mail,
            show_in_chat=partial(show_reply, self._screen, account),
        )


def _begin_counting() -> None:
    # A series that begins at its first failure would hide it from increase().
    for sender in SENDERS:
        for outcome in OUTCOMES.values():
            metrics.GATEWAY_REPLIES.labels(channel=sender.kind, outcome=outcome)


def _accounts(settings: SendSettings) -> Accounts:
    if not settings.accounts:
        log.warning("CARELINE_ACCOUNTS is not set: every reply is refused")
        return Accounts()
    return read_accounts(Path(settings.accounts), CHANNELS, os.environ)


def _crash(error: BaseException) -> NoReturn:
    """End the process: its successor finds in the log what was attempted."""
    log.critical("sending failed", exc_info=error)
    os._exit(EXIT_FAILED)
