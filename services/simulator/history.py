"""What a run folder already knows of a story, so that the next demo tells the rest only."""

from __future__ import annotations

from pathlib import Path

import msgspec


class HistoryError(ValueError):
    """The file cannot be read; the message says what to do."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The story of ``seed`` and ``rate`` was told from ``from_us`` until before ``until_us``."""

    seed: int
    rate: float
    from_us: int
    until_us: int

    def write(self, path: Path) -> None:
        partial = path.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(self))
        partial.replace(path)


def history_to_continue(
    path: Path, *, seed: int, rate: float, earliest_us: int, now_us: int
) -> History:
    """Return what is known; a story that begins at ``earliest_us`` when that is another or older.

    Raise ``HistoryError`` when the file is not what ``History.write`` wrote.
    """
    fresh = History(seed=seed, rate=rate, from_us=earliest_us, until_us=earliest_us)
    try:
        known = msgspec.json.decode(path.read_bytes(), type=History)
    except FileNotFoundError:
        return fresh
    except msgspec.DecodeError as error:
        raise HistoryError(f"{path} is not readable ({error}): delete it") from error
    is_the_same = (known.seed, known.rate) == (seed, rate)
    return known if is_the_same and earliest_us <= known.until_us <= now_us else fresh
