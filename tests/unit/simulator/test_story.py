from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest

from services.simulator.domain.rhythm import DAY_US, HOUR_US, MINUTE_US
from services.simulator.domain.simulation import crisis_of_day
from services.simulator.history import History, HistoryError, history_to_continue
from services.simulator.seeds import seeded_by
from services.simulator.story import Story

FROM_US = 20_515 * DAY_US + 11 * HOUR_US
CUT_US = FROM_US + HOUR_US
RATE = 0.1


def test_a_story_goes_on_where_it_was_left() -> None:
    whole = list(Story(7, RATE, FROM_US).until(CUT_US + HOUR_US))
    story = Story(7, RATE, FROM_US)

    past, future = list(story.until(CUT_US)), list(story.until(CUT_US + HOUR_US))

    assert past + future == whole
    assert past[-1].at_us < CUT_US <= future[0].at_us
    # Conversations of the past go on.
    assert {one.conversation_id for one in past} & {one.conversation_id for one in future}


def test_a_story_has_no_end() -> None:
    story = Story(7, RATE, FROM_US)

    taken = list(islice(story.rest(), 500))

    assert all(one.at_us <= other.at_us for one, other in pairwise(taken))


def test_stories_that_begin_at_different_times_tell_the_same_of_what_both_saw_begin() -> None:
    crisis = crisis_of_day(seeded_by(7), FROM_US // DAY_US, "lumio")
    earlier = Story(7, RATE, crisis.from_us - HOUR_US).until(crisis.to_us)
    later = list(Story(7, RATE, crisis.from_us).until(crisis.to_us))

    told = {action.action_id: action for action in earlier}
    assert len(later) > 300
    assert all(told[action.action_id] == action for action in later)
    assert any(action.conversation_id.rpartition("c")[2].isdigit() for action in later)


def test_only_another_story_or_an_old_one_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    now_us = FROM_US + DAY_US

    def known(seed: int = 7, rate: float = RATE, at_us: int = now_us) -> History:
        return history_to_continue(
            path, seed=seed, rate=rate, earliest_us=at_us - DAY_US, now_us=at_us
        )

    fresh = History(seed=7, rate=RATE, from_us=now_us - DAY_US, until_us=now_us - DAY_US)
    assert known() == fresh
    told = History(seed=7, rate=RATE, from_us=FROM_US, until_us=now_us - MINUTE_US)
    told.write(path)
    assert known() == told
    assert known(seed=8).until_us == now_us - DAY_US
    assert known(rate=2.0).until_us == now_us - DAY_US
    assert known(at_us=now_us + 2 * DAY_US).until_us == now_us + DAY_US


def test_a_history_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text("{")

    with pytest.raises(HistoryError, match=r"history\.json is not readable .*delete it"):
        history_to_continue(path, seed=7, rate=1.0, earliest_us=0, now_us=1)
