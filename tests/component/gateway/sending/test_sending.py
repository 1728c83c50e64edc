"""Replies go out once, in order, and the head hears what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from careline.channel.v1.content_pb2 import Attachment
from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.kernel.testing.harness import Instant


async def test_a_reply_goes_out_and_the_head_hears_of_it(office: Any) -> None:
    reply_id = office.ask("On its way.", agent_id="a1", agent_name="Anna", by_bot=True)
    await office.until_told(reply_id, "attempted", "sent")
    assert office.sender.taken == [("r1/0", "On its way.")]
    attempted, sent = office.head(reply_id)
    assert attempted.event_id == "post:shop:reply/r1/0/1/attempted"
    assert sent.event_id == "post:shop:reply/r1/0/sent"
    progress = sent.reply_progressed
    assert (progress.message_id, progress.text) == ("m-r1/0", "On its way.")
    assert (progress.agent_id, progress.agent_name, progress.by_bot) == ("a1", "Anna", True)
    assert (sent.thread_key, sent.timeline) == ("acme/post/1", "live")
    assert sent.occurred_at_us >= attempted.occurred_at_us


async def test_a_long_reply_goes_out_part_by_part(office: Any) -> None:
    reply_id = office.ask("first\nsecond\nthird")
    await office.until(lambda: office.told(reply_id).count("sent") == 3)
    assert [text for _, text in office.sender.taken] == ["first", "second", "third"]
    parts = [event.reply_progressed.part for event in office.head(reply_id)]
    assert parts == [0, 0, 1, 1, 2, 2]
    assert {event.reply_progressed.parts for event in office.head(reply_id)} == {3}


async def test_the_same_reply_is_sent_once_however_often_it_is_asked_for(office: Any) -> None:
    office.ask("Hello", reply_id="r1")
    office.ask("Hello", reply_id="r1")
    await office.until_told("r1", "sent")
    office.ask("Hello", reply_id="r1")
    last = office.ask("Bye")
    await office.until_told(last, "sent")
    assert office.sender.taken == [("r1/0", "Hello"), (f"{last}/0", "Bye")]


async def test_a_threads_replies_go_out_in_their_order(office: Any) -> None:
    office.sender.script["one"] = [TryLaterError("busy"), TryLaterError("busy")]
    ids = [office.ask(text) for text in ("one", "two", "three")]
    await office.until_told(ids[-1], "sent")
    assert [text for _, text in office.sender.taken] == ["one", "two", "three"]


async def test_what_a_rule_forbids_is_refused_with_the_way_out_and_never_attempted(
    office: Any,
) -> None:
    reply_id = office.ask("too late")
    await office.until_told(reply_id, "refused")
    (event,) = office.head(reply_id)
    told = event.reply_progressed
    assert (told.code, told.remedy) == ("window_closed", "send a template")
    assert office.sender.calls == []


async def test_what_the_platform_refuses_is_refused(office: Any) -> None:
    office.sender.script["no"] = [ReplyRefusedError("551", "the user has moved")]
    reply_id = office.ask("no")
    await office.until_told(reply_id, "attempted", "refused")
    assert office.head(reply_id)[-1].reply_progressed.code == "551"


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"account": "unheard-of"}, "unknown_account"),
        ({"channel": "carrier_pigeon"}, "no_way_out"),
    ],
)
async def test_a_reply_without_a_way_out_is_refused(
    office: Any, where: dict[str, str], code: str
) -> None:
    reply_id = office.ask("Hello", **where)
    await office.until_told(reply_id, "refused")
    assert office.head(reply_id)[-1].reply_progressed.code == code


async def test_an_empty_reply_is_refused(office: Any) -> None:
    reply_id = office.ask("")
    await office.until_told(reply_id, "refused")
    assert office.head(reply_id)[-1].reply_progressed.code == "empty"


async def test_a_busy_platform_is_tried_again_and_the_head_hears_when(office: Any) -> None:
    office.sender.script["later"] = [TryLaterError("429", 20_000)]
    reply_id = office.ask("later")
    await office.until_told(reply_id, "attempted", "delayed", "attempted", "sent")
    delayed, again = office.head(reply_id)[1:3]
    told = delayed.reply_progressed
    assert told.next_attempt_at_us >= delayed.occurred_at_us + 20_000
    assert again.occurred_at_us >= told.next_attempt_at_us
    assert again.reply_progressed.attempt == 2


async def test_a_reply_that_nobody_waits_for_any_more_is_given_up(office: Any) -> None:
    office.sender.script["later"] = [TryLaterError("503")]
    reply_id = office.ask("later", accepted_at_us=1)
    await office.until_told(reply_id, "attempted", "refused")
    assert office.head(reply_id)[-1].reply_progressed.code == "gave_up"


async def test_an_unknown_outcome_is_told_and_never_repeated(office: Any) -> None:
    office.sender.script["lost"] = [UnknownOutcomeError("connection reset")]
    reply_id, next_id = office.ask("lost"), office.ask("next")
    await office.until_told(reply_id, "attempted", "unknown")
    await office.until_told(next_id, "sent")
    assert [text for _, text in office.sender.calls] == ["lost", "next"]
    assert office.head(reply_id)[-1].reply_progressed.remedy


async def test_an_unknown_outcome_is_repeated_where_the_platform_drops_repeats(
    office: Any,
) -> None:
    office.sender.idempotent = True
    office.sender.script["lost"] = [UnknownOutcomeError("connection reset")]
    reply_id = office.ask("lost")
    await office.until_told(reply_id, "attempted", "delayed", "attempted", "sent")
    assert [key for key, _ in office.sender.calls] == ["r1/0", "r1/0"]


async def test_a_refusal_after_a_doubtful_attempt_does_not_claim_that_nothing_was_sent(
    office: Any,
) -> None:
    office.sender.idempotent = True
    office.sender.script["lost"] = [
        UnknownOutcomeError("connection reset"),
        ReplyRefusedError("window_closed", "24 hours have passed"),
    ]
    reply_id = office.ask("lost")
    await office.until_told(reply_id, "attempted", "delayed", "attempted", "unknown")


async def test_a_platform_that_does_not_answer_is_an_unknown_outcome(
    make_office: Callable[..., Any],
) -> None:
    office = make_office(call_seconds=0.02)
    office.sender.script["silent"] = [asyncio.Event()]
    reply_id = office.ask("silent")
    await office.until_told(reply_id, "attempted", "unknown")
    await office.close()


async def test_a_slow_account_does_not_hold_up_another(office: Any) -> None:
    never = asyncio.Event()
    for number in range(10):
        office.sender.script[f"slow {number}"] = [never]
        office.ask(f"slow {number}", thread=str(number), account="shop")
    reply_id = office.ask("quick", account="press")
    await office.until_told(reply_id, "sent")
    assert len(office.sender.calls) <= 1 + office.policy.calls_per_account
    never.set()
    await office.until(lambda: len(office.sender.taken) == 11)


async def test_a_thread_in_trouble_does_not_hold_up_another_of_its_account(office: Any) -> None:
    office.sender.script["poison"] = [TryLaterError("500", 60_000_000)]
    await office.until_told(office.ask("poison", thread="1"), "delayed")
    # The account itself pauses for as long as the platform asked.
    assert office.dispatcher.report()["accounts_paused"] == ["acme/post/shop"]


async def test_an_account_that_pauses_only_for_a_moment_goes_on_with_other_threads(
    office: Any,
) -> None:
    office.sender.script["poison"] = [TryLaterError("500") for _ in range(4)]
    poison = office.ask("poison", thread="1")
    fine = office.ask("fine", thread="2")
    await office.until_told(fine, "sent")
    await office.until_told(poison, "sent")


async def test_a_log_that_is_away_is_waited_for(office: Any) -> None:
    office.log.failing = 3
    reply_id = office.ask("Hello")
    await office.until_told(reply_id, "attempted", "sent")
    assert office.log.connects == 3


async def test_a_platform_is_called_only_when_the_attempt_is_durable(office: Any) -> None:
    reply_id = office.ask("Hello")
    office.log.paused = True
    await office.until(lambda: bool(office.log.kept))
    assert office.sender.calls == []
    office.log.resume()
    await office.until_told(reply_id, "attempted", "sent")


async def test_a_bug_in_a_sender_ends_the_process(office: Any) -> None:
    office.sender.script["bug"] = [KeyError("surprise")]
    office.ask("bug")
    await office.until(lambda: bool(office.crashes))
    assert isinstance(office.crashes.pop(), KeyError)


# -- crashes -------------------------------------------------------------------------------------


async def test_after_a_crash_an_attempt_without_outcome_is_shown_as_unknown(office: Any) -> None:
    office.sender.script["cut"] = [asyncio.Event()]
    reply_id = office.ask("cut")
    await office.until(lambda: bool(office.sender.calls))
    await office.crash()
    await office.until_told(reply_id, "attempted", "unknown")
    assert len(office.sender.calls) == 1


async def test_after_a_crash_an_attempt_is_repeated_with_its_key_where_that_is_safe(
    office: Any,
) -> None:
    office.sender.idempotent = True
    office.sender.script["cut"] = [asyncio.Event()]
    reply_id = office.ask("cut")
    await office.until(lambda: bool(office.sender.calls))
    await office.crash()
    await office.until_told(reply_id, "attempted", "attempted", "sent")
    assert office.sender.calls == [("r1/0", "cut"), ("r1/0", "cut")]
    assert office.sender.taken == [("r1/0", "cut")]


async def test_what_waited_in_line_at_a_crash_goes_out_once(office: Any) -> None:
    never = asyncio.Event()
    office.sender.script["head"] = [never]
    office.ask("head")
    waiting = [office.ask(f"tail {number}") for number in range(5)]
    await office.until(lambda: bool(office.sender.calls))
    await office.crash()
    await office.until_told(waiting[-1], "sent")
    texts = [text for _, text in office.sender.calls]
    assert texts == ["head", *(f"tail {number}" for number in range(5))]


async def test_an_outcome_that_was_written_but_not_taken_at_a_crash_counts(office: Any) -> None:
    reply_id = office.ask("Hello")
    await office.until(lambda: bool(office.sender.calls))
    office.log.paused = True
    await office.until(lambda: "sent" in office.told(reply_id) or bool(office.log.kept))
    await office.crash()
    office.log.resume()
    await office.until_told(reply_id, "sent")
    await office.until(lambda: not office.log.kept)
    assert "unknown" not in office.told(reply_id)
    assert len(office.sender.calls) == 1


@pytest.mark.parametrize("instant", Instant)
async def test_an_attempt_that_did_not_become_durable_before_a_crash_is_called_once(
    office: Any, instant: Instant
) -> None:
    reply_id = office.ask("Hello")
    # The attempt is in the log, and the lane dies in the middle of its group.
    office.log.paused = True
    await office.until(lambda: bool(office.log.kept))
    ((partition, attempt),) = office.log.kept
    office.log.paused, office.log.kept = False, []
    office.lane.feed(attempt, partition=partition)
    await office.crash(instant)
    office.log.flush()
    if instant is Instant.BEFORE_ACKS:
        # It was durable, and the call may have been made: nobody can tell any more.
        await office.until_told(reply_id, "attempted", "unknown")
        assert office.sender.calls == []
    else:
        await office.until_told(reply_id, "attempted", "sent")
        assert len(office.sender.calls) == 1


async def test_a_late_word_that_it_went_out_after_all_reaches_the_head(office: Any) -> None:
    answer = asyncio.Event()
    office.sender.script["slow"] = [answer]
    reply_id = office.ask("slow")
    await office.until(lambda: bool(office.sender.calls))
    # The old worker lives on with its call, while another one takes over.
    zombie = office.dispatcher
    office.dispatcher = office._start()
    await office.until_told(reply_id, "attempted", "unknown")
    answer.set()
    await office.until_told(reply_id, "unknown", "sent")
    await zombie.stop()


async def test_a_worker_that_leaves_hears_the_platforms_answer_first(office: Any) -> None:
    answer = asyncio.Event()
    office.sender.script["slow"] = [answer]
    reply_id = office.ask("slow")
    await office.until(lambda: bool(office.sender.calls))
    leaving = asyncio.create_task(office.dispatcher.revoked())
    await asyncio.sleep(0)
    office.ask("after", thread="2")
    answer.set()
    await leaving
    assert office.told(reply_id) == ["attempted", "sent"]


async def test_a_new_assignment_does_not_disturb_a_call_of_the_same_process(office: Any) -> None:
    answer = asyncio.Event()
    office.sender.script["slow"] = [answer]
    reply_id = office.ask("slow")
    await office.until(lambda: bool(office.sender.calls))
    office.dispatcher.assigned(range(4))
    answer.set()
    await office.until_told(reply_id, "attempted", "sent")
    assert len(office.sender.calls) == 1


async def test_an_outcome_that_came_into_the_log_before_the_assignment_frees_its_thread(
    office: Any,
) -> None:
    """The log took the answer, and this process has not heard that it did."""
    written = asyncio.Event()
    append = office.log.append

    async def append_and_wait(records: Any) -> None:
        await append(records)
        if office.told(reply_id)[-1:] == ["delayed"]:
            await written.wait()

    office.log.append = append_and_wait
    office.sender.script["busy"] = [TryLaterError("busy", 300_000)]
    reply_id = "r1"
    office.ask("busy", reply_id=reply_id)
    await office.until_told(reply_id, "attempted", "delayed")
    office.dispatcher.assigned(range(4))
    written.set()
    await office.until_told(reply_id, "attempted", "delayed", "attempted", "sent")


async def test_a_reason_holds_no_secret_of_the_account_and_no_half_characters(office: Any) -> None:
    said = "Malformed access token a-secret-of-some-length \ud83d"
    office.sender.script["no"] = [ReplyRefusedError("190", said)]
    reply_id = office.ask("no")
    await office.until_told(reply_id, "attempted", "refused")
    assert office.head(reply_id)[-1].reply_progressed.reason == "Malformed access token *** ?"


async def test_an_id_that_is_taken_by_another_thread_is_refused_and_not_passed_over(
    office: Any,
) -> None:
    office.ask("Hello", reply_id="r1", thread="1")
    await office.until_told("r1", "attempted", "sent")
    office.ask("Good bye", reply_id="r1", thread="2")
    await office.until(lambda: office.told("r1")[-1] == "refused")
    refused = office.head("r1")[-1]
    assert refused.thread_key == "acme/post/2"
    assert refused.reply_progressed.code == "reply_id_taken"
    assert [text for _, text in office.sender.taken] == ["Hello"]


# -- what goes along -----------------------------------------------------------------------------


async def test_an_attachment_goes_out_with_the_bytes_that_are_kept_of_it(office: Any) -> None:
    reference = await office.blobs.put(b"a picture")
    reply_id = office.ask("look", attachments=[Attachment(name="a.png", blob_ref=reference)])
    await office.until(lambda: office.told(reply_id).count("sent") == 2)
    assert [text for _, text in office.sender.taken] == ["look", "a picture"]


async def test_an_attachment_that_is_not_kept_any_more_is_named(office: Any) -> None:
    reply_id = office.ask("look", attachments=[Attachment(blob_ref="blob:gone")])
    await office.until_told(reply_id, "refused")
    assert office.head(reply_id)[-1].reply_progressed.code == "attachment_missing"


async def test_after_a_long_outage_nothing_is_repeated_that_the_platform_may_have_forgotten(
    make_office: Callable[..., Any],
) -> None:
    office = make_office(keys_known_us=1)
    office.sender.idempotent = True
    office.sender.script["cut"] = [asyncio.Event()]
    reply_id = office.ask("cut")
    await office.until(lambda: bool(office.sender.calls))
    await office.crash()
    await office.until_told(reply_id, "attempted", "unknown")
    assert len(office.sender.calls) == 1
    await office.close()
