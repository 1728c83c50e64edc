"""What passes between a visitor's widget and the gateway."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import jwt
import pytest

from services.gateway.channels.web_chat import WebChatChannel
from services.gateway.domain.chat_pace import Pace
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import Identifier, Receipt, WrittenMessage

from .conftest import NOW_US, SECRET, Chat


async def test_a_message_is_acknowledged_once_it_is_durable_and_then_shown(chat: Any) -> None:
    visit = await chat.visit(language="de-AT")
    chat.waits.known = 90.0
    assert await visit.say("Wo ist meine Tasche?") == {
        "type": "ack",
        "id": "message-1",
        "wait_seconds": 90.0,
    }
    [event] = chat.intake.taken
    assert event.body.text == "Wo ist meine Tasche?"
    assert event.body.language_hint == "de-AT"
    assert event.thread_id == event.author_id
    assert event.thread_id.startswith("shop:v-")
    shown = await visit.get("message")
    assert (shown["id"], shown["seq"], shown["text"]) == ("message-1", 0, "Wo ist meine Tasche?")
    assert shown["author"]["kind"] == "customer"


async def test_what_is_kept_of_a_message_is_read_as_its_event(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    [event] = chat.intake.taken
    [again] = WebChatChannel().parse(InboundRequest(chat.intake.raw[0]))
    assert (again.event_id, again.thread_id, again.body) == (
        event.event_id,
        event.thread_id,
        event.body,
    )


async def test_an_answer_appears_wherever_the_thread_is_open(chat: Any) -> None:
    visit = await chat.visit()
    second = await chat.visit(token=visit.welcome["token"])
    stranger = await chat.visit()
    await visit.say("hello")
    await chat.answer(chat.thread_id(), "Good day")
    for one in (visit, second):
        assert (await one.get("message"))["text"] == "hello"
        answer = await one.get("message")
        assert (answer["text"], answer["author"]) == ("Good day", {"kind": "agent", "name": "Anna"})
    await stranger.put("ping")
    assert (await stranger.socket.receive_json())["type"] == "pong"


async def test_an_answer_that_is_shown_twice_appears_once(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    for _ in range(2):
        await chat.answer(chat.thread_id(), "Good day")
    await visit.get("message")
    assert (await visit.get("message"))["text"] == "Good day"
    await visit.put("ping")
    assert (await visit.socket.receive_json())["type"] == "pong"


async def test_a_visitor_who_returns_sees_both_sides(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    await chat.answer(chat.thread_id(), "Good day")
    again = await chat.visit(token=visit.welcome["token"])
    assert [one["text"] for one in again.welcome["history"]] == ["hello", "Good day"]
    resumed = await chat.visit(token=visit.welcome["token"], last_seq=0)
    assert [one["text"] for one in resumed.welcome["history"]] == ["Good day"]
    assert not resumed.welcome["reset"]


async def test_another_replica_knows_the_history_as_well(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    await visit.get("message")
    other = Chat(clock=chat.clock)
    other.screen = chat.screen
    async with other.running():
        again = await other.visit(token=visit.welcome["token"])
        assert [one["text"] for one in again.welcome["history"]] == ["hello"]


async def test_older_messages_are_fetched_on_demand() -> None:
    async with Chat(recent=2).running() as chat:
        visit = await chat.visit()
        await visit.say("hello")
        for number in range(50):
            await chat.answer(chat.thread_id(), f"answer {number}", f"r-{number}:0")
        again = await chat.visit(token=visit.welcome["token"])
        history = again.welcome["history"]
        assert [one["text"] for one in history] == [f"answer {n}" for n in range(20, 50)]
        assert again.welcome["more"]
        await again.put("older", before=history[0]["seq"])
        older = await again.get("history")
        assert older["messages"][0]["text"] == "hello"
        assert older["messages"][-1]["text"] == "answer 19"
        assert not older["more"]


async def test_a_gap_too_large_to_fill_begins_the_history_anew() -> None:
    async with Chat().running() as chat:
        visit = await chat.visit()
        await visit.say("hello")
        for number in range(50):
            await chat.answer(chat.thread_id(), f"answer {number}", f"r-{number}:0")
        again = await chat.visit(token=visit.welcome["token"], last_seq=3)
        assert again.welcome["reset"]


async def test_a_message_that_is_sent_again_is_one_message(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    await visit.get("message")
    await visit.say("hello")
    assert len(chat.intake.taken) == 1
    assert len(chat.screen.log) == 1


async def test_nothing_is_acknowledged_while_nothing_can_be_kept(chat: Any) -> None:
    visit = await chat.visit()
    chat.intake.away = True
    await visit.put("message", id="message-1", text="hello")
    assert (await visit.get("later"))["id"] == "message-1"
    assert chat.intake.taken == []
    chat.intake.away = False
    await visit.say("hello")
    assert len(chat.intake.taken) == 1


async def test_what_is_durable_and_could_not_be_shown_is_asked_for_again(chat: Any) -> None:
    visit = await chat.visit()
    chat.screen.away = True
    await visit.say("hello")
    assert (await visit.get("later"))["id"] == "message-1"
    chat.screen.away = False
    await visit.say("hello")
    assert (await visit.get("message"))["text"] == "hello"
    assert len(chat.intake.taken) == 1


async def test_reading_is_told_once_and_forwards_only(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    await chat.answer(chat.thread_id(), "Good day")
    for seq in (1, 1, 0, 99):
        await visit.put("read", seq=seq)
    await visit.put("ping")
    await visit.get("pong")
    [_, read] = chat.intake.taken
    assert read.body == Receipt("read", until_at_us=NOW_US)
    assert read.thread_id == chat.intake.taken[0].thread_id


async def test_typing_goes_both_ways_and_is_no_event(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    desk = {"Authorization": f"Bearer {SECRET}"}
    stream = await chat.http.get("/v1/web-chat/acme/shop/typing", headers=desk)
    await visit.put("typing", on=True)
    line = await stream.content.readline()
    assert line.startswith(b"data: ")
    assert chat.thread_id().encode() in line
    stream.close()
    told = {"thread_id": chat.thread_id(), "typing": True, "name": "Anna"}
    refused = await chat.http.post("/v1/web-chat/acme/shop/typing", json=told)
    assert refused.status == 401
    answer = await chat.http.post("/v1/web-chat/acme/shop/typing", json=told, headers=desk)
    assert answer.status == 202
    assert await visit.get("typing") == {"type": "typing", "on": True, "name": "Anna"}
    assert len(chat.intake.taken) == 1


async def test_a_signed_customer_has_one_thread_everywhere(chat: Any) -> None:
    signature = hmac.digest(SECRET.encode(), b"c-17", sha256).hex()
    identity = {"id": "c-17", "signature": signature, "name": "Mira"}
    visit = await chat.visit(identity=identity)
    await visit.say("hello")
    [event] = chat.intake.taken
    assert event.thread_id == "shop:u-c-17"
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_name == "Mira"
    assert event.body.identifiers == (Identifier("crm_id", "c-17"),)
    assert visit.welcome["token"] == ""
    elsewhere = await chat.visit(identity=identity)
    assert [one["text"] for one in elsewhere.welcome["history"]] == ["hello"]


async def test_a_signed_token_proves_an_address_as_well(chat: Any) -> None:
    claims = {"sub": "c-17", "exp": NOW_US // 1_000_000 + 60, "email": "mira@example.net"}
    visit = await chat.visit(identity={"token": jwt.encode(claims, SECRET, "HS256")})
    await visit.say("hello")
    assert chat.intake.taken[0].body.identifiers == (
        Identifier("crm_id", "c-17"),
        Identifier("email", "mira@example.net"),
    )


@pytest.mark.parametrize(
    "identity",
    [
        {"id": "c-17", "signature": "0" * 64},
        {"token": jwt.encode({"sub": "c-17", "exp": NOW_US // 1_000_000 - 1}, SECRET, "HS256")},
        {"token": jwt.encode({"sub": "c-17", "exp": 4e9}, "x" * 40, "HS256")},
        {"token": jwt.encode({"sub": "c-17", "exp": 4_000_000_000}, "", "none")},
        {"token": jwt.encode({"exp": 4_000_000_000}, SECRET, "HS256")},
        {"token": "eyJ.eyJ.eyJ"},
    ],
)
async def test_nobody_is_a_customer_without_proof(chat: Any, identity: dict[str, str]) -> None:
    visit = await chat.connect()
    await visit.put("hello", v=1, identity=identity)
    assert (await visit.get("error"))["code"] == "refused"
    assert await visit.closed() == 4401


async def test_a_token_of_another_account_or_hand_is_nobodys(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    token = visit.welcome["token"]
    for stolen in (token[:-1] + ("0" if token[-1] != "0" else "1"), "nonsense", "a.b.c"):
        assert (await chat.visit(token=stolen)).welcome["history"] == []
    assert (await chat.visit("other", token=token)).welcome["history"] == []
    assert (await chat.visit(token=visit.welcome["upload_token"])).welcome["history"] == []


async def test_a_token_is_forgotten_after_a_month(chat: Any) -> None:
    visit = await chat.visit()
    await visit.say("hello")
    chat.clock.advance(31 * 24 * 3600 * 1_000_000)
    assert (await chat.visit(token=visit.welcome["token"])).welcome["history"] == []


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "sing"}, "type"),
        ({"type": "message", "id": "x", "text": "hi"}, "id"),
        ({"type": "message", "id": "message-1"}, "text"),
        ({"type": "message", "id": "message-1", "text": "x" * 4_001}, "text"),
        ({"type": "read"}, "seq"),
        ({"type": "hello", "v": 1}, "type"),
    ],
)
async def test_a_frame_that_is_not_understood_is_answered_with_its_place(
    chat: Any, frame: dict[str, Any], field: str
) -> None:
    visit = await chat.visit()
    await visit.socket.send_json(frame)
    error = await visit.get("error")
    assert (error["code"], error["field"]) == ("invalid", field)
    await visit.put("ping")
    await visit.get("pong")


@pytest.mark.parametrize("frame", ["{}", "nonsense", '{"type": "ping"}', '{"type":"hello","v":2}'])
async def test_who_does_not_greet_is_shown_out(chat: Any, frame: str) -> None:
    visit = await chat.connect()
    await visit.socket.send_str(frame)
    assert await visit.closed() == 4400


async def test_who_goes_too_fast_is_asked_to_wait() -> None:
    paces = {name: Pace(1_000, 1_000) for name in ("files", "frames", "signs", "visits")}
    async with Chat(paces={**paces, "messages": Pace(2, 60)}).running() as chat:
        visit = await chat.visit()
        for number in range(2):
            await visit.say("hello", f"message-{number}")
        await visit.put("message", id="message-3", text="hello")
        error = await visit.get("error")
        assert (error["code"], error["id"]) == ("too_fast", "message-3")
        chat.clock.advance(1_000_000)
        await visit.say("hello", "message-3")


async def test_a_flood_of_frames_ends_the_conversation() -> None:
    paces = {name: Pace(1_000, 1_000) for name in ("files", "messages", "signs", "visits")}
    async with Chat(paces={**paces, "frames": Pace(5, 60)}).running() as chat:
        visit = await chat.visit()
        for _ in range(6):
            await visit.put("ping")
        assert await visit.closed() == 4429


async def test_a_frame_of_absurd_size_ends_the_conversation(chat: Any) -> None:
    visit = await chat.visit()
    await visit.socket.send_str("x" * 70_000)
    assert await visit.closed() == 1009


async def test_one_visitor_has_so_many_places_and_no_more(chat: Any) -> None:
    visits = [await chat.visit()]
    token = visits[0].welcome["token"]
    visits += [await chat.visit(token=token) for _ in range(9)]
    one_more = await chat.connect()
    await one_more.put("hello", v=1, token=token)
    assert await one_more.closed() == 4429
    await visits[0].socket.close()
    await visits[1].put("ping")
    await visits[1].get("pong")
    await chat.visit(token=token)
