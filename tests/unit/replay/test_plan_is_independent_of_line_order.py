from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.plan import plan_replay
from services.gateway.replay.records import ReplayRecord

TWEETS = "tweet_id,author_id,inbound,created_at,text,in_response_to_tweet_id"
STEPS = "Case ID,Activity,Resource,Complete Timestamp,seriousness_2"

Outcome = tuple[list[ReplayRecord], object, str]


def outcome(mapping: str, header: str, rows: list[str]) -> Outcome:
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_bytes("\n".join([header, *rows]).encode())
        with plan_replay(path, load_mapping(mapping)) as plan:
            return list(plan.records()), plan.counts, plan.timeline


@st.composite
def tweet_rows(draw: st.DrawFn) -> list[str]:
    ids = draw(st.lists(st.integers(1, 120), unique=True, max_size=14))
    rows = []
    for number in ids:
        agent = draw(st.booleans())
        author = draw(st.sampled_from(["Acme", "acme", "Beta"] if agent else ["u1", "u2"]))
        second = draw(st.integers(0, 3))
        text = draw(st.sampled_from(["hi", '"@ACME, @beta"', '"x\ny @Beta"', "a\rb", "me@acme"]))
        parent = draw(st.sampled_from(["", "7.0", *(str(one) for one in ids)]))
        at = f"Fri Mar 01 12:00:0{second} +0000 2024"
        rows.append(f"{number},{author},{not agent},{at},{text},{parent}")
    if draw(st.booleans()):
        rows += ["broken,row", *rows[:2]]
    return rows


@given(tweet_rows(), st.data())
@settings(max_examples=60, deadline=None)
def test_any_order_of_the_tweets_gives_the_same_replay(
    rows: list[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert outcome("twcs", TWEETS, shuffled) == outcome("twcs", TWEETS, rows)


STEP = st.builds(
    "{},{},{},2012/01/10 12:00:0{}.000,{}".format,
    st.sampled_from(["Case 2", "Case 10", "3", "3.0"]),
    st.sampled_from(["Wait", "Closed", "Resolve ticket", "RESOLVED", "unheard of"]),
    st.sampled_from(["V1", "V2"]),
    st.integers(0, 2),
    st.sampled_from(["", "P1"]),
)


@given(st.lists(STEP, max_size=14), st.data())
@settings(max_examples=60, deadline=None)
def test_any_order_of_the_ticket_steps_gives_the_same_replay(
    rows: list[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert outcome("helpdesk-log", STEPS, shuffled) == outcome("helpdesk-log", STEPS, rows)
