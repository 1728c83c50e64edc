"""The published tweet file, against figures that pandas computes from it on its own."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.plan import plan_replay
from services.gateway.replay.records import ReplayMessage

BESIDE_THE_CHECKOUT = Path(__file__).parents[3].parent / "shared"
SHARED = Path(os.environ.get("CARELINE_SHARED", BESIDE_THE_CHECKOUT))
TWEETS = SHARED / "data" / "conversations" / "twitter_support.csv"

pytestmark = pytest.mark.skipif(
    not TWEETS.is_file(), reason="CARELINE_SHARED holds no data/conversations/twitter_support.csv"
)


@pytest.fixture(scope="module")
def expected() -> Any:
    """Return one row a tweet in replay order, with root and brand."""
    # Without lineterminator, pandas too breaks a row at the lone CR in a text.
    tweets = pd.read_csv(TWEETS, lineterminator="\n", dtype=str, keep_default_na=False)
    tweets["id"] = tweets.tweet_id.astype("int64")
    tweets["parent"] = pd.to_numeric(tweets.in_response_to_tweet_id).fillna(0).astype("int64")
    times = pd.to_datetime(tweets.created_at, format="%a %b %d %H:%M:%S %z %Y")
    tweets["at_us"] = times.dt.tz_convert("UTC").dt.as_unit("us").astype("int64")
    tweets["root"] = tweets.id
    parents = tweets.set_index("id").parent
    for _ in range(len(tweets)):
        above = tweets.root.map(parents)
        above = above.where(above.isin(tweets.id), tweets.root)
        if (above == tweets.root).all():
            break
        tweets["root"] = above
    tweets = tweets.sort_values(["at_us", "id"], ignore_index=True)
    agents = tweets[tweets.inbound == "False"]
    accounts = {author.lower(): author for author in agents.author_id}
    brands = agents.groupby("root").author_id.first()
    mentioned = tweets.assign(handle=tweets.text.map(lambda text: re.findall(r"\B@(\w+)", text)))
    mentioned = mentioned.explode("handle")
    mentioned["brand"] = mentioned.handle.str.lower().map(accounts)
    first_mention = mentioned.dropna(subset="brand").groupby("root").brand.first()
    tweets["brand"] = tweets.root.map(brands).fillna(tweets.root.map(first_mention)).fillna("")
    return tweets


def test_the_tweet_file_is_planned_as_pandas_sees_it(expected: Any) -> None:
    with plan_replay(TWEETS, load_mapping("twcs")) as plan:
        counts = plan.counts
        found = [record for record in plan.records() if isinstance(record, ReplayMessage)]
        span = (plan.first_at_us, plan.last_at_us)
    assert (counts.rows, counts.accepted, counts.duplicates, counts.rejected) == (
        len(expected),
        len(expected),
        0,
        0,
    )
    assert counts.threads == expected.root.nunique()
    assert counts.brands == expected.brand[expected.brand != ""].nunique()
    assert span == (expected.at_us.min(), expected.at_us.max())
    assert [m.event_id for m in found] == [f"x:{one}" for one in expected.tweet_id]
    assert [m.thread_key for m in found] == [f"x:{one}" for one in expected.root]
    assert [m.occurred_at_us for m in found] == list(expected.at_us)
    assert [m.brand_id for m in found] == list(expected.brand)
    assert [m.text for m in found] == list(expected.text)
    assert [m.author_kind == "customer" for m in found] == list(expected.inbound == "True")


def test_the_tweet_file_has_the_published_figures() -> None:
    with plan_replay(TWEETS, load_mapping("twcs")) as plan:
        counts = plan.counts
        agents = sum(
            isinstance(one, ReplayMessage) and one.author_kind == "agent" for one in plan.records()
        )
    assert (counts.rows, counts.accepted, counts.rejected) == (5000, 5000, 0)
    assert (counts.threads, counts.brands, agents) == (1312, 76, 2222)
