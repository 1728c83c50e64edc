"""The inverted index over blocking keys: blocks with a cap, in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BLOCK_CAP = 50


class BlockIndex:
    """A block that is full says nothing any more: it answers nobody and takes nobody."""

    __slots__ = ("_blocks", "_cap")

    def __init__(self, cap: int = BLOCK_CAP) -> None:
        self._cap = cap
        # A lone record stands for itself, so that most keys cost no list; None is a full block.
        self._blocks: dict[int, int | list[int] | None] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def blocks(self, keys: Sequence[int]) -> Iterator[Sequence[int]]:
        """Yield the records under each key that says something."""
        for key in keys:
            block = self._blocks.get(key)
            if block is not None:
                yield (block,) if isinstance(block, int) else block

    def add(self, keys: Sequence[int], record: int) -> None:
        blocks = self._blocks
        for key in keys:
            block = blocks.get(key, -1)
            if block is None:
                continue
            if isinstance(block, list):
                block.append(record)
                if len(block) > self._cap:
                    blocks[key] = None
            else:
                blocks[key] = record if block < 0 else [block, record]
