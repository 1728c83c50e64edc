"""``careline replay``: a file in, and the answer when its effects can be read."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from services.gateway.domain.keys import PartyKeys
from services.gateway.importing.errors import ImportFailedError
from services.gateway.importing.feeding import Feeder, Pace
from services.gateway.importing.kafka_head import KafkaHead
from services.gateway.importing.progress import ImportProgress, ProgressCallback
from services.gateway.importing.recorded_events import RecordedEvents
from services.gateway.importing.views import IndexedRuns, KafkaLanes, KpiRuns
from services.gateway.importing.visibility import Patience, RunSeen, wait_until_visible
from services.gateway.replay.plan import ReplayPlan, plan_replay
from services.gateway.replay.rules import ReplayMapping
from services.kernel.clock import Clock, SystemClock
from services.kernel.elastic.connection import ElasticsearchAccess
from services.kernel.topics import topic

HEAD = "intake.event-accepted.v1"


@dataclass(frozen=True, slots=True)
class ImportTargets:
    """Where Careline runs. ``party_key`` must be the gateway's own (CARELINE_PARTY_KEY)."""

    kafka: str
    kpi_address: str
    elasticsearch: ElasticsearchAccess
    party_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """``rows`` = ``accepted`` + ``duplicates`` + ``rejected``.

    Duplicates are those within the file and those that Careline had already.
    """

    rows: int
    accepted: int
    duplicates: int
    rejected: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def import_file(
    path: Path,
    mapping: ReplayMapping,
    targets: ImportTargets,
    *,
    speed: float = math.inf,
    longest_wait_seconds: float = math.inf,
    shift_to_us: int | None = None,
    rejects: Path | None = None,
    progress: ProgressCallback | None = None,
    patience: Patience | None = None,
    clock: Clock | None = None,
) -> ImportResult:
    """Publish a file's events on a timeline of their own and wait until they can be read.

    ``shift_to_us`` moves all times so that the last is that instant; ``rejects`` is where rows
    that cannot be used, if any, are written to, with their reasons. Raise ``ReplayFileError`` when
    the file cannot be read at all, ``ImportFailedError`` when a part of Careline does not do its
    own.
    """
    tell = progress or (lambda _progress: None)

    def reading(read: int, placed: int) -> None:
        tell(ImportProgress("sort", placed, read) if placed else ImportProgress("read", read, None))

    try:
        party_keys = PartyKeys(targets.party_key)
    except ValueError as error:
        raise ImportFailedError(f"CARELINE_PARTY_KEY: {error}") from error
    with plan_replay(path, mapping, shift_to_us, progress=reading) as plan:
        if rejects is not None and plan.counts.rejected:
            plan.write_rejects(rejects)
        if plan.first_at_us is None or plan.last_at_us is None:
            return _result(plan, RunSeen())
        run_id = secrets.token_hex(8)
        _publish(
            plan,
            RecordedEvents(plan.timeline, run_id, party_keys),
            kafka=targets.kafka,
            pace=Pace(speed, longest_wait_seconds),
            tell=tell,
            clock=clock or SystemClock(),
        )
        return _result(plan, _wait(run_id, targets, tell, patience))


def _publish(
    plan: ReplayPlan,
    events: RecordedEvents,
    *,
    kafka: str,
    pace: Pace,
    tell: ProgressCallback,
    clock: Clock,
) -> None:
    assert plan.first_at_us is not None
    assert plan.last_at_us is not None
    total = plan.counts.accepted
    with KafkaHead(kafka, HEAD, clock) as head:
        feeder = Feeder(
            head,
            events,
            topic(HEAD).partitions,
            pace,
            lambda done: tell(ImportProgress("publish", done, total)),
        )
        feeder.feed(plan.records(), plan.first_at_us, plan.last_at_us)


class _Closable(Protocol):
    def close(self) -> None: ...


def _wait(
    run_id: str, targets: ImportTargets, tell: ProgressCallback, patience: Patience | None
) -> RunSeen:
    partitions = topic(HEAD).partitions
    kpi = KpiRuns(targets.kpi_address)
    index = IndexedRuns(targets.elasticsearch, partitions)
    lanes = KafkaLanes(targets.kafka)
    opened: Sequence[_Closable] = (kpi, index, lanes)
    with ExitStack() as stack:
        for one in opened:
            stack.enter_context(closing(one))
        seen, _ = wait_until_visible(
            run_id, partitions, (kpi, index), lanes, progress=tell, patience=patience
        )
    return seen


def _result(plan: ReplayPlan, run: RunSeen) -> ImportResult:
    return ImportResult(
        rows=plan.counts.rows,
        accepted=run.accepted,
        duplicates=plan.counts.duplicates + run.duplicates,
        rejected=plan.counts.rejected,
    )
