"""The main job on real input: recorded tweets through every service, counted as pandas counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from deploy.local.ports import free_ports
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from tests.e2e.conftest import Careline, run_careline

TWEETS = "data/conversations/twitter_support.csv"
KPIS = ("contacts", "replies", "conversations", "first_response_time")


@pytest.fixture(scope="module")
def tweets(shared_folder: Callable[[str], Path]) -> Path:
    return shared_folder(TWEETS)


@pytest.fixture(scope="module")
def replayed(whole_stack: LocalStack, tweets: Path) -> dict[str, int]:
    printed = run_careline(
        whole_stack, *("replay", str(tweets), "--mapping", "twcs", "--speed", "max", "--json")
    )
    summary: dict[str, int] = json.loads(printed.splitlines()[-1])
    return summary


def count_with_pandas(path: Path) -> dict[str, pd.DataFrame]:
    """Compute every figure from the file alone, by its reply chains."""
    frame = pd.read_csv(path, lineterminator="\n", index_col=0)
    frame["at"] = pd.to_datetime(frame["created_at"], format="%a %b %d %H:%M:%S %z %Y")
    parents = frame.set_index("tweet_id")["in_response_to_tweet_id"]
    known = set(frame["tweet_id"])
    roots: dict[int, int] = {}
    for tweet in frame["tweet_id"]:
        root = tweet
        while not pd.isna(parents[root]) and int(parents[root]) in known:
            root = int(parents[root])
        roots[tweet] = root
    frame["thread"] = frame["tweet_id"].map(roots)
    frame = frame.sort_values(["at", "tweet_id"])
    accounts = {name.lower(): name for name in frame.loc[~frame["inbound"], "author_id"]}
    frame["brand"] = frame["thread"].map(
        {thread: _brand(rows, accounts) for thread, rows in frame.groupby("thread")}
    )
    first_contact = frame[frame["inbound"]].groupby("thread")["at"].min()
    replies = frame[~frame["inbound"]].copy()
    replies["asked"] = replies["thread"].map(first_contact)
    answered = replies[replies["at"] >= replies["asked"]].groupby("thread").first()
    answered["seconds"] = (answered["at"] - answered["asked"]).dt.total_seconds()
    return {
        "contacts": frame[frame["inbound"]].groupby("brand").size(),
        "replies": frame[~frame["inbound"]].groupby("brand").size(),
        "conversations": frame.groupby("brand")["thread"].nunique(),
        "first_response_time": answered.groupby("brand")["seconds"].apply(sorted),
    }


def _brand(thread: pd.DataFrame, accounts: dict[str, str]) -> str:
    writers = thread.loc[~thread["inbound"], "author_id"]
    if len(writers):
        return str(writers.iloc[0])
    for text in thread["text"]:
        for handle in re.findall(r"@(\w+)", text):
            if handle.lower() in accounts:
                return accounts[handle.lower()]
    return ""


def nearest_rank(values: list[float], share: float) -> float:
    return values[max(1, ceil(share * len(values))) - 1]


def test_every_row_is_accepted(replayed: dict[str, int]) -> None:
    assert replayed == {"rows": 5000, "accepted": 5000, "duplicates": 0, "rejected": 0}


def test_figures_by_brand_equal_those_of_pandas(
    careline: Careline, replayed: dict[str, int], tweets: Path
) -> None:
    expected = count_with_pandas(tweets)
    answer = careline("kpi", "query", *KPIS, "--group-by", "brand", "--to", "2018-01-01")["kpis"]
    rows = {kpi: {row["group"]["brand"]: row for row in answer[kpi]["rows"]} for kpi in KPIS}
    for kpi in ("contacts", "replies", "conversations"):
        counted = {brand: row["count"] for brand, row in rows[kpi].items()}
        assert counted == expected[kpi].to_dict()
    exact = expected["first_response_time"].to_dict()
    assert {b: row["count"] for b, row in rows["first_response_time"].items()} == {
        brand: len(values) for brand, values in exact.items()
    }
    for brand, values in exact.items():
        for name, share in (("p50", 0.5), ("p90", 0.9)):
            found = rows["first_response_time"][brand][name]
            assert found == pytest.approx(nearest_rank(values, share), rel=0.01)


def test_elasticsearch_equals_the_log(careline: Careline, replayed: dict[str, int]) -> None:
    compared = careline("index", "compare")
    assert compared["equal"] is True
    assert compared["collections"]["events"]["in_index"] >= replayed["rows"]


def test_replaying_again_changes_no_byte(
    whole_stack: LocalStack, careline: Careline, replayed: dict[str, int], tweets: Path
) -> None:
    before = figures(whole_stack)
    again = careline("replay", str(tweets), "--mapping", "twcs", "--speed", "max")
    assert again == {"rows": 5000, "accepted": 0, "duplicates": 5000, "rejected": 0}
    assert figures(whole_stack) == before


def test_another_stack_gives_the_same_bytes(
    whole_stack: LocalStack, replayed: dict[str, int], tweets: Path, tmp_path: Path
) -> None:
    with LocalStack(tmp_path / "other", ports=free_ports(SERVICES)) as other:
        run_careline(other, *("replay", str(tweets), "--mapping", "twcs", "--speed", "50000000"))
        assert figures(other) == figures(whole_stack)


def test_the_wall_shows_the_same_numbers(
    whole_stack: LocalStack, replayed: dict[str, int], tweets: Path, browser: Browser
) -> None:
    expected = count_with_pandas(tweets)
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    port = whole_stack.service_ports("wall").http
    page.goto(f"http://127.0.0.1:{port}/?at=2017-12-04T00:00:00Z&window=all&lang=en")
    for kpi in ("contacts", "replies", "conversations"):
        value = page.locator(f"#tile-{kpi} .tile-value")
        expect(value).to_have_text(f"{expected[kpi].sum():,}", timeout=30_000)
    page.close()


def figures(stack: LocalStack) -> str:
    """Return the command's very bytes for all figures of the years of the file."""
    return run_careline(
        stack,
        *("kpi", "query", *KPIS, "first_response_breaches", "negative_contacts"),
        *("--group-by", "brand,channel", "--bucket", "1d", "--to", "2018-01-01", "--json"),
    )


def test_the_command_tells_what_figures_mean(careline: Careline) -> None:
    definitions: list[dict[str, Any]] = careline("kpi", "definitions")
    assert {"contacts", "replies", "conversations", "first_response_time"} <= {
        each["kpi"] for each in definitions
    }
    assert all(each["name"]["en"] and each["name"]["zh"] for each in definitions)
