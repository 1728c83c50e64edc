"""How fast unseen records are resolved as identities grow, and what one takes in memory.

``python -m tests.bench.identity_stream [IDENTITIES]``: invented people, most with one record. The
time is the thread's own, so that other work on the machine does not count.
"""

from __future__ import annotations

import gc
import resource
import sys
import time

from services.identity.matching.columns import guessed
from services.identity.matching.resolver import Resolver
from services.identity.matching.training import train
from tests.bench.identity_people import one_record_each

_STEP = 50_000
_TRAINED_ON = 20_000


def main() -> None:
    identities = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rows = one_record_each(identities, seed=7)
    first = [next(rows) for _ in range(_TRAINED_ON)]
    kinds = guessed(list(first[0]), ["record_id", "person"], first)
    resolver = Resolver(train(kinds, first))
    gc.collect()
    gc.freeze()
    before = _resident()
    taken = 0
    while taken < identities:
        step = first or [row for _, row in zip(range(_STEP), rows, strict=False)]
        first = []
        if not step:
            break
        seconds = []
        for row in step:
            started = time.thread_time()
            resolver.take(row)
            seconds.append(time.thread_time() - started)
        taken += len(step)
        seconds.sort()
        print(  # noqa: T201
            f"{taken:>9,} records, {len(resolver.customers.members):>9,} customers: "
            f"{len(seconds) / sum(seconds):>6,.0f} records/s, "
            f"p50 {seconds[len(seconds) // 2] * 1e3:.2f} ms, "
            f"p99 {seconds[len(seconds) * 99 // 100] * 1e3:.2f} ms, "
            f"{(_resident() - before) / taken:,.0f} bytes a record",
            flush=True,
        )


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
