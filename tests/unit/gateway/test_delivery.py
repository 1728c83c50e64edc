from __future__ import annotations

from services.gateway.domain import delivery
from services.gateway.domain.delivery import EndedReply, OpenReply

ASKED = OpenReply(1, "acme/post/1", b"request")


def under_way(parts: int = 1) -> OpenReply:
    reply = delivery.attempted(ASKED, 0, parts, 1, 7)
    assert reply is not None
    return reply


def test_an_attempt_is_news_once() -> None:
    reply = under_way()
    assert (reply.attempt, reply.under_way, reply.doubtful) == (1, True, False)
    assert delivery.attempted(reply, 0, 1, 1, 7) is None
    assert delivery.attempted(ASKED, 0, 1, 2, 7) is None


def test_an_attempt_after_one_without_an_outcome_leaves_a_doubt() -> None:
    again = delivery.attempted(under_way(), 0, 1, 2, 7)
    assert again is not None
    assert again.doubtful
    assert again.first_attempt_at_us == 7


def test_a_delay_is_news_of_the_attempt_that_is_under_way() -> None:
    reply = delivery.delayed(under_way(), 0, 1, 50, doubtful=False)
    assert reply is not None
    assert (reply.under_way, reply.next_at_us, reply.doubtful) == (False, 50, False)
    assert delivery.delayed(reply, 0, 1, 60, doubtful=False) is None
    assert delivery.delayed(under_way(), 0, 2, 60, doubtful=False) is None
    in_doubt = delivery.delayed(under_way(), 0, 1, 50, doubtful=True)
    assert in_doubt is not None
    assert in_doubt.doubtful


def test_the_last_part_ends_the_reply_and_an_earlier_one_leads_to_the_next() -> None:
    following = delivery.sent(under_way(parts=2), 0)
    assert isinstance(following, OpenReply)
    assert (following.part, following.attempt, following.under_way) == (1, 0, False)
    assert delivery.sent(following, 0) is None
    assert delivery.sent(under_way(), 0) == EndedReply("sent", 0, ASKED.thread_key)


def test_what_is_out_is_out_whichever_attempt_it_was() -> None:
    later = delivery.attempted(under_way(), 0, 1, 2, 7)
    assert later is not None
    assert delivery.sent(later, 0) == EndedReply("sent", 0, ASKED.thread_key)


def test_a_refusal_ends_the_reply_it_is_about() -> None:
    assert delivery.refused(ASKED, 0, 0) == EndedReply("refused", 0, ASKED.thread_key)
    assert delivery.refused(under_way(), 0, 1) == EndedReply("refused", 0, ASKED.thread_key)
    assert delivery.refused(under_way(), 0, 0) is None


def test_nobody_gives_up_what_was_never_attempted() -> None:
    assert delivery.given_up(ASKED, 0, 0) is None
    assert delivery.given_up(under_way(), 0, 1) == EndedReply("unknown", 0, ASKED.thread_key)


def test_only_an_unknown_end_can_turn_out_to_be_sent() -> None:
    assert delivery.found_sent(EndedReply("unknown", 1), 1) == EndedReply("sent", 1)
    assert delivery.found_sent(EndedReply("unknown", 1), 0) is None
    assert delivery.found_sent(EndedReply("refused", 1), 1) is None
    assert delivery.found_sent(EndedReply("sent", 1), 1) is None
