"""Which thread a row belongs to, when rows only name the row they answer."""

from __future__ import annotations

from array import array

NONE = -1
_ON_PATH = -2


def reply_roots(parents: array[int]) -> array[int]:
    """Return every row's root: the end of its chain of parents, by position.

    ``parents`` holds positions in replay order, or NONE. A cycle's root is its earliest member,
    and so is that of every row whose chain leads into it.
    """
    roots = array("q", [NONE]) * len(parents)
    for start in range(len(parents)):
        path: list[int] = []
        here = start
        while here != NONE and roots[here] == NONE:
            roots[here] = _ON_PATH
            path.append(here)
            here = parents[here]
        if not path:
            continue
        if here == NONE:
            root = path[-1]
        elif roots[here] == _ON_PATH:
            root = min(path[path.index(here) :])
        else:
            root = roots[here]
        for member in path:
            roots[member] = root
    return roots
