"""What each thread of the web chat has shown, in memory and within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from services.gateway.domain.incoming import AttachmentKind, AuthorKind


@dataclass(frozen=True, slots=True)
class ShownFile:
    """Its bytes are kept under ``blob_ref``, or it has an address of its own."""

    kind: AttachmentKind
    media_type: str = ""
    name: str = ""
    size_bytes: int = 0
    blob_ref: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """``seq`` is its number in the thread: it grows, and leaves gaps."""

    seq: int
    message_id: str
    author_kind: AuthorKind
    text: str
    shown_at_us: int
    author_name: str = ""
    reply_to: str = ""
    files: tuple[ShownFile, ...] = ()
    # Each is a title and what it stands for.
    quick_replies: tuple[tuple[str, str], ...] = ()


Wanted: TypeAlias = Callable[[int], bool]


@dataclass(slots=True)
class _Thread:
    # By message id, the oldest first.
    seqs: dict[str, int] = field(default_factory=dict)
    recent: list[ShownMessage] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """Messages that are there, numbers of those to be fetched, and whether older ones exist.

    ``missing`` are older than ``messages``.
    """

    messages: Sequence[ShownMessage]
    missing: Sequence[int]
    more: bool


class ChatHistories:
    """Numbers of each thread's last messages, and the messages themselves of those in use.

    A replica forgets a message's words before its number: its words are still in the log.
    """

    def __init__(
        self,
        *,
        recent: int = 30,
        numbers: int = 500,
        messages: int = 100_000,
        threads: int = 500_000,
    ) -> None:
        self._recent = recent
        self._numbers = numbers
        self._most_messages = messages
        self._most_threads = threads
        # Whoever was shown something last comes last.
        self._threads: OrderedDict[str, _Thread] = OrderedDict()
        # Those of them whose messages are here, in the same order.
        self._held: OrderedDict[str, None] = OrderedDict()
        self._messages = 0

    def add(self, thread_key: str, message: ShownMessage) -> bool:
        """Add what was shown; False when the thread has shown its id already."""
        thread = self._threads.setdefault(thread_key, _Thread())
        self._threads.move_to_end(thread_key)
        if message.message_id in thread.seqs:
            return False
        thread.seqs[message.message_id] = message.seq
        if len(thread.seqs) > self._numbers:
            del thread.seqs[next(iter(thread.seqs))]
        thread.recent.append(message)
        self._held[thread_key] = None
        self._held.move_to_end(thread_key)
        self._messages += 1
        if len(thread.recent) > self._recent:
            del thread.recent[0]
            self._messages -= 1
        self._forget()
        return True

    def seq_of(self, thread_key: str, message_id: str) -> int | None:
        thread = self._threads.get(thread_key)
        return None if thread is None else thread.seqs.get(message_id)

    def find(self, thread_key: str, seq: int) -> ShownMessage | None:
        thread = self._threads.get(thread_key)
        found = [one for one in thread.recent if one.seq == seq] if thread else []
        return found[0] if found else None

    def latest(self, thread_key: str) -> ShownMessage | None:
        thread = self._threads.get(thread_key)
        return thread.recent[-1] if thread and thread.recent else None

    def after(self, thread_key: str, seq: int, most: int) -> Page:
        """Return the last ``most`` messages of those after ``seq``."""
        return self._page(thread_key, most, lambda one: one > seq)

    def before(self, thread_key: str, seq: int, most: int) -> Page:
        """Return the last ``most`` messages of those before ``seq``."""
        return self._page(thread_key, most, lambda one: one < seq)

    def _page(self, thread_key: str, most: int, wanted: Wanted) -> Page:
        thread = self._threads.get(thread_key)
        if thread is None:
            return Page((), (), more=False)
        all_seqs = [seq for seq in thread.seqs.values() if wanted(seq)]
        seqs = all_seqs[-most:]
        here = {one.seq: one for one in thread.recent}
        return Page(
            [here[seq] for seq in seqs if seq in here],
            [seq for seq in seqs if seq not in here],
            more=len(all_seqs) > len(seqs),
        )

    def _forget(self) -> None:
        while self._messages > self._most_messages:
            key, _ = self._held.popitem(last=False)
            self._messages -= len(self._threads[key].recent)
            self._threads[key].recent = []
        while len(self._threads) > self._most_threads:
            key, thread = self._threads.popitem(last=False)
            self._messages -= len(thread.recent)
            self._held.pop(key, None)
