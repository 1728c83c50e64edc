from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.sla.domain.default_policies import DEFAULT_POLICIES
from services.sla.domain.plain_data import DataError
from services.sla.domain.policies import PolicyBook, Subject, Target, choose
from services.sla.domain.policy_data import book_from_mapping, policy_from_definition
from services.sla.domain.zones import SECOND_US

MINUTE_US = 60 * SECOND_US
ALWAYS = {"id": "always", "version": "1", "time_zone": "UTC", "hours": None}


def policy(policy_id: str, within: str = "1h", version: str = "1", **when: Any) -> dict[str, Any]:
    return {
        "id": policy_id,
        "version": version,
        "calendar": "always",
        "when": when,
        "targets": {"resolution": {"within": within}},
    }


def book(*policies: dict[str, Any]) -> PolicyBook:
    return book_from_mapping({"calendars": [ALWAYS], "policies": [*policies]})


def test_the_first_policy_that_applies_wins() -> None:
    policies = book(
        policy("urgent", priorities=["urgent"]),
        policy("brand-on-x", brands=["acme"], channels=["x", "weibo"]),
        policy("x", channels=["x"]),
    ).in_force
    chosen = [
        choose(policies, subject)
        for subject in (
            Subject("x", "acme", "urgent"),
            Subject("x", "acme", "low"),
            Subject("x", "other"),
            Subject("mail", "acme"),
        )
    ]
    assert [one and one.policy_id for one in chosen] == ["urgent", "brand-on-x", "x", None]


def test_a_target_is_read() -> None:
    data = policy("p")
    data["targets"] = {
        "resolution": {"within": "1h30m", "warn_at_percent": 80, "pause_in": ["pending"]},
        "first_response": {"within": "45s"},
    }
    targets = book(data).in_force[0].targets
    assert dict(targets) == {
        "first_response": Target(45 * SECOND_US),
        "resolution": Target(90 * MINUTE_US, 72 * MINUTE_US, ("pending",)),
    }
    assert list(targets) == ["first_response", "resolution"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"calendar": "office"},
            r"policies\[0\]\.calendar: no calendar 'office'; known are always",
        ),
        ({"targets": {}}, r"policies\[0\]\.targets: a policy promises something"),
        ({"targets": {"reply": {}}}, r"targets: unknown key 'reply'; known are first_response"),
        ({"targets": {"resolution": {}}}, r"targets\.resolution: 'within' is missing"),
        ({"targets": {"resolution": {"within": "2d"}}}, r"'2d' is not a duration of business time"),
        ({"targets": {"resolution": {"within": "0h"}}}, r"resolution\.within: '0h' is not a durat"),
        ({"targets": {"resolution": {"within": 60}}}, r"within: expected text, got int 60"),
        (
            {"targets": {"resolution": {"within": "1h", "warn_at_percent": 100}}},
            r"warn_at_percent: expected a whole number from 1 to 99, got int 100",
        ),
        (
            {"targets": {"resolution": {"within": "1h", "pause_in": ["asleep"]}}},
            r"pause_in\[0\]: no status 'asleep'; known are new, open",
        ),
        ({"when": {"channels": []}}, r"when\.channels: an empty list would never apply"),
        ({"when": {"channel": ["x"]}}, r"when: unknown key 'channel'; known are channels"),
    ],
)
def test_a_mistake_is_named_with_its_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        book({**policy("p"), **change})


def test_ids_stand_once() -> None:
    with pytest.raises(DataError, match=r"policies\[1\]: a policy 'p' stands here twice"):
        book(policy("p"), policy("p"))
    with pytest.raises(DataError, match=r"calendars\[1\]: a calendar 'always' stands here twice"):
        book_from_mapping({"calendars": [ALWAYS, ALWAYS], "policies": []})


def test_a_policy_is_read_again_from_its_definition() -> None:
    office = {
        "id": "always",
        "version": 3,
        "time_zone": "Asia/Shanghai",
        "hours": {"mon": [["09:00", "18:00"]]},
        "holidays": [date(2026, 10, 1)],
        "shifts": {date(2026, 10, 5): [["10:00", "12:00"]]},
    }
    data = {"calendars": [office], "policies": [policy("p", channels=["x"])]}
    (read,) = book_from_mapping(data).in_force
    again = policy_from_definition(read.definition)
    assert again == read
    assert again.definition == read.definition


def test_a_books_version_names_its_policies_and_their_order() -> None:
    versions = [
        book(*policies).version
        for policies in (
            (policy("p"), policy("q")),
            (policy("q"), policy("p")),
            (policy("p", "2h"), policy("q")),
        )
    ]
    assert len(set(versions)) == 3
    assert book(policy("p"), policy("q")).version == versions[0]


def test_a_newer_book_keeps_what_clocks_still_run_under() -> None:
    old, new = book(policy("p", "1h"), policy("q")), book(policy("p", "2h", version="2"))
    both = old.succeeded_by(new)
    assert both.choose(Subject("x")) == new.in_force[0]
    assert both.policy(old.in_force[0].ref) == old.in_force[0]
    assert both.succeeded_by(old).policy(new.in_force[0].ref) == new.in_force[0]
    with pytest.raises(LookupError, match=r"'p' version '1' .* keep superseded versions"):
        new.policy(old.in_force[0].ref)


def test_a_version_never_changes_its_content() -> None:
    with pytest.raises(ValueError, match="'p' version '1' has changed its content"):
        book(policy("p", "1h")).succeeded_by(book(policy("p", "2h")))


@pytest.mark.parametrize(
    ("channel", "minutes"),
    [
        ("web_chat", 5),
        ("telegram", 30),
        ("mail", 240),
        ("helpdesk", 240),
        ("x", 60),
        ("carrier_pigeon", 60),
    ],
)
def test_the_built_in_policies_promise_something_on_every_channel(
    channel: str, minutes: int
) -> None:
    chosen = book_from_mapping(DEFAULT_POLICIES).choose(Subject(channel))
    assert chosen is not None
    assert chosen.targets["first_response"].target_us == minutes * MINUTE_US
    assert chosen.targets["resolution"].target_us == 24 * 60 * MINUTE_US
