from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from services.gateway.replay.mapping import ReplayMapping, load_mapping

TWCS_HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"

WriteTweets = Callable[..., Path]


@pytest.fixture
def twcs() -> ReplayMapping:
    return load_mapping("twcs")


@pytest.fixture
def helpdesk() -> ReplayMapping:
    return load_mapping("helpdesk-log")


@pytest.fixture
def write_tweets(tmp_path: Path) -> WriteTweets:
    """Write rows of the tweet file, one text a row, below its header."""

    def write(*rows: str, name: str = "tweets.csv") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(f"{row}\n" for row in (TWCS_HEADER, *rows)).encode())
        return path

    return write


@pytest.fixture
def tweet() -> Callable[..., str]:
    """Build one row: ``second`` counts from 12:00:00 on the first of March 2024."""

    def build(
        number: object,
        author: str,
        text: str,
        second: int,
        *,
        parent: object = "",
        agent: bool = False,
    ) -> str:
        at = f"Fri Mar 01 12:{second // 60:02d}:{second % 60:02d} +0000 2024"
        return f"{number},{author},{not agent},{at},{text},,{parent}"

    return build
