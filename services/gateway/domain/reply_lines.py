"""The line in which an account's replies wait: each thread's in order, no thread holds up another.

What waits is asked for with ``take`` and comes back with ``put`` (it goes on, or is tried again) or
``drop`` (it has come to its end); meanwhile its thread is busy.
"""

from __future__ import annotations

from heapq import heappop, heappush

from services.gateway.domain.delivery import OpenReply


class ReplyLine:
    def __init__(self) -> None:
        self._replies: dict[str, OpenReply] = {}
        # By thread: position and key, the first to go at the top. May hold keys that are dropped.
        self._threads: dict[str, list[tuple[int, str]]] = {}
        # The key that is under way, by thread.
        self._busy: dict[str, str] = {}
        # Position and thread; due time, position and thread. May hold what is past: checked on use.
        self._ready: list[tuple[int, str]] = []
        self._later: list[tuple[int, int, str]] = []

    def __len__(self) -> int:
        return len(self._replies)

    @property
    def under_way(self) -> int:
        """Tell how many replies were taken and have not come back."""
        return len(self._busy)

    def put(self, key: str, reply: OpenReply) -> None:
        """Let a reply wait, or wait again; in its thread it stands by its position."""
        known = key in self._replies
        self._replies[key] = reply
        if not known:
            heappush(self._threads.setdefault(reply.thread_key, []), (reply.position, key))
        self._free(reply.thread_key, key)

    def drop(self, key: str) -> None:
        reply = self._replies.pop(key, None)
        if reply is not None:
            self._free(reply.thread_key, key)

    def hold(self, key: str, reply: OpenReply) -> None:
        """Keep a reply's thread busy: it is under way though nobody took it from this line."""
        self.put(key, reply)
        self._busy[reply.thread_key] = key

    def take(self, now_us: int) -> tuple[str, OpenReply] | None:
        """Return the oldest reply whose turn it is; None when there is none now."""
        while self._later and self._later[0][0] <= now_us:
            _, position, thread = heappop(self._later)
            heappush(self._ready, (position, thread))
        while self._ready:
            position, thread = heappop(self._ready)
            head = None if thread in self._busy else self._head(thread)
            if head is None or head[0] != position:
                continue
            reply = self._replies[head[1]]
            if reply.next_at_us > now_us:
                heappush(self._later, (reply.next_at_us, position, thread))
                continue
            self._busy[thread] = head[1]
            return head[1], reply
        return None

    def due_at_us(self) -> int | None:
        """Return when a reply's turn may come: 0 for now, None when nothing waits for time."""
        if self._ready:
            return 0
        return self._later[0][0] if self._later else None

    def _free(self, thread: str, key: str) -> None:
        if self._busy.get(thread) == key:
            del self._busy[thread]
        if thread in self._busy:
            return
        head = self._head(thread)
        if head is None:
            return
        due_at_us = self._replies[head[1]].next_at_us
        if due_at_us:
            heappush(self._later, (due_at_us, head[0], thread))
        else:
            heappush(self._ready, (head[0], thread))

    def _head(self, thread: str) -> tuple[int, str] | None:
        waiting = self._threads.get(thread)
        while waiting:
            if waiting[0][1] in self._replies:
                return waiting[0]
            heappop(waiting)
        self._threads.pop(thread, None)
        return None
