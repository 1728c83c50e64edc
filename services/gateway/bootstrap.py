"""The only place that constructs the gateway's adapters."""

from __future__ import annotations

import os
from pathlib import Path

import grpc
import structlog
import uvloop

from careline.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.gateway.adapters.account_surroundings import open_session, surroundings
from services.gateway.adapters.accounts_file import read_accounts
from services.gateway.adapters.blob_folder import BlobFolder
from services.gateway.adapters.blob_retention import BlobRetention
from services.gateway.adapters.cursor_folder import CursorFolder
from services.gateway.adapters.disk_spool import DiskSpool
from services.gateway.adapters.http_server import HttpServer
from services.gateway.adapters.kafka_chat import ChatTail, KafkaArchive, KafkaScreen
from services.gateway.adapters.kafka_log import KafkaLog
from services.gateway.adapters.media_fetcher import HttpMediaFetcher, MediaRules
from services.gateway.adapters.returned_payloads import ReturnedPayloads
from services.gateway.adapters.web_chat.routes import add_routes
from services.gateway.channels.registry import CHANNELS
from services.gateway.chat.front import ChatFront, ChatParts
from services.gateway.chat.rooms import ChatRooms
from services.gateway.chat.waits import UnknownWaits
from services.gateway.domain.account import Accounts
from services.gateway.domain.framing import SegmentIdentity
from services.gateway.domain.keys import PartyKeys
from services.gateway.domain.media_hosts import hosts_of
from services.gateway.domain.repeats import RecentEvents
from services.gateway.handlers import RequestIntake
from services.gateway.media_keeping import MediaKeeper
from services.gateway.publishing import BatchPublisher
from services.gateway.service import GatewayProcess, Parts
from services.gateway.servicer import NAME, GatewayServicer
from services.gateway.settings import Settings
from services.gateway.sources.registry import SOURCES
from services.gateway.ticker import LiveTicker
from services.gateway.watching import Watcher
from services.kernel.clock import SystemClock
from services.kernel.grpc_server import GrpcServer
from services.kernel.settings import SettingsError
from services.kernel.telemetry.logging import configure_logging
from services.kernel.topics import topic

log = structlog.get_logger(__name__)

HEAD = "intake.event-accepted.v1"


def run(settings: Settings) -> None:
    """Check everything that can be wrong with the settings, then run until told to stop."""
    configure_logging("gateway", settings.log_level)
    accounts = _accounts(settings)
    party_keys = read_party_keys(settings.party_key)
    head = topic(HEAD)
    spool = DiskSpool(
        settings.spool_dir,
        settings.spool_max_bytes,
        SegmentIdentity(head.generation, head.partitions),
    )
    spool.open()
    uvloop.run(_run(settings, accounts, party_keys, spool))


async def _run(
    settings: Settings, accounts: Accounts, party_keys: PartyKeys, spool: DiskSpool
) -> None:
    clock = SystemClock()
    record_log = KafkaLog(settings.kafka)
    publisher = BatchPublisher(record_log, spool, clock, topic(HEAD))
    blobs = BlobFolder(settings.blob_dir)
    intake = RequestIntake(
        accounts,
        publisher,
        clock,
        party_keys,
        recent=RecentEvents(settings.recent_events),
        blobs=blobs,
    )
    cursors = CursorFolder(settings.state_dir / "cursors")
    cursors.open()
    rooms = ChatRooms(KafkaArchive(settings.kafka))
    screen = KafkaScreen(record_log, clock)
    front = ChatFront(
        ChatParts(
            taker=intake,
            screen=screen,
            signs=screen,
            rooms=rooms,
            blobs=blobs,
            waits=UnknownWaits(),
            clock=clock,
        )
    )

    def register(server: grpc.aio.Server) -> None:
        stubs.add_GatewayServiceServicer_to_server(GatewayServicer(accounts, intake), server)

    async with open_session() as session, _media(settings) as fetcher:
        keeper = MediaKeeper(fetcher, blobs, intake)
        intake.on_published(keeper.notice)
        watcher = Watcher(
            accounts,
            SOURCES if settings.sources else (),
            surroundings(intake, cursors, session, clock),
            clock,
        )
        intake.on_pull_due(watcher.pull_due)
        parts = Parts(
            accounts=accounts,
            record_log=record_log,
            spool=spool,
            publisher=publisher,
            ticker=LiveTicker(publisher, clock),
            http=HttpServer(
                settings.bind,
                settings.http_port,
                intake,
                lambda app: add_routes(app, accounts, front),
            ),
            grpc=GrpcServer(f"{settings.bind}:{settings.grpc_port}", [NAME], register),
            companions={
                "blobs": BlobRetention(settings.blob_dir, settings.blob_retention_days, clock).run,
                "returned": ReturnedPayloads(settings.kafka, intake).run,
                "chat": ChatTail(settings.kafka, rooms).run,
                "media": keeper.run,
                "sources": watcher.run,
            },
            sources=watcher.report,
        )
        await GatewayProcess(parts, settings.bind, settings.metrics_port).run()


def _media(settings: Settings) -> HttpMediaFetcher:
    return HttpMediaFetcher(MediaRules(hosts_of(settings.media_hosts)))


def read_party_keys(secret: str) -> PartyKeys:
    try:
        return PartyKeys(secret)
    except ValueError as error:
        raise SettingsError(f"CARELINE_PARTY_KEY: {error}") from error


def _accounts(settings: Settings) -> Accounts:
    if not settings.accounts:
        log.warning("CARELINE_ACCOUNTS is not set: every request from outside is refused")
        return Accounts()
    accounts = read_accounts(Path(settings.accounts), CHANNELS, os.environ)
    for account in accounts:
        if not account.secrets:
            log.warning(
                "an account without a secret: its requests are refused",
                channel=account.channel,
                organisation=account.organisation,
                account=account.account,
            )
    return accounts
