from __future__ import annotations

import json
from typing import Any

import pytest

from services.gateway.channels.whatsapp import WhatsAppSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import ReplyRefusedError, TryLaterError, UnknownOutcomeError
from services.gateway.senders.whatsapp import WhatsAppSender

SENDER = WhatsAppSender()
SETTINGS = WhatsAppSettings(secrets=("5ecret",), access_token="EAAtoken", phone_number_id="220")
DAY_US = 24 * 3600 * 1_000_000
NOW_US = 1_767_168_000_000_000
PHOTO = Attachment("image", url="https://cdn.example/a.jpg")
INVOICE = Attachment("file", url="https://cdn.example/7.pdf", name="invoice-7.pdf")
TO = {"recipient_type": "individual", "to": "700"}


def messages(parts: Any) -> list[Any]:
    return [part.payload["message"] for part in parts]


def test_a_text_goes_to_the_customer_from_the_threads_number(reply: Any, planned: Any) -> None:
    [part] = planned(SENDER, reply(reply_to_message_id="wamid.1"), SETTINGS)
    assert part.text == "On its way."
    assert part.payload == {
        "number": "300",
        "message": TO
        | {
            "type": "text",
            "text": {"body": "On its way.", "preview_url": False},
            "context": {"message_id": "wamid.1"},
        },
    }


@pytest.mark.parametrize(
    ("thread_id", "number", "to"),
    [
        ("46701740605", "220", {"recipient_type": "individual", "to": "46701740605"}),
        ("300:SE.20011", "300", {"recipient_type": "individual", "recipient": "SE.20011"}),
        ("300:R3JvdXA", "300", {"recipient_type": "group", "to": "R3JvdXA"}),
    ],
)
def test_who_is_addressed_follows_from_the_thread(
    thread_id: str, number: str, to: Any, reply: Any, planned: Any
) -> None:
    [part] = planned(SENDER, reply(thread_id=thread_id), SETTINGS)
    assert part.payload["number"] == number
    assert part.payload["message"].items() >= to.items()


@pytest.mark.parametrize("last_us", [0, NOW_US - DAY_US - 1])
def test_after_a_day_only_a_template_goes_out(last_us: int, reply: Any, planned: Any) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        SENDER.plan(reply(last_customer_at_us=last_us), SETTINGS, NOW_US)
    assert refused.value.code == "window_closed"
    assert refused.value.remedy == "send an approved template"
    late = reply(last_customer_at_us=last_us, template=("on_its_way", "sv", ("7",)))
    [message] = messages(planned(SENDER, late, SETTINGS))
    assert message["template"] == {
        "name": "on_its_way",
        "language": {"code": "sv"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "7"}]}],
    }


def test_the_last_moment_of_the_day_is_in_time(reply: Any, planned: Any) -> None:
    assert planned(SENDER, reply(last_customer_at_us=NOW_US - DAY_US), SETTINGS)


def test_a_long_text_is_split_and_signed(reply: Any, planned: Any) -> None:
    settings = WhatsAppSettings(access_token="t", phone_number_id="1", sign="name")
    text = "One sentence of it. " * 300
    parts = planned(SENDER, reply(text=text, agent_name="Anna Lind"), settings)
    bodies = [message["text"]["body"] for message in messages(parts)]
    assert len(bodies) == 2
    assert all(len(body) <= 4096 for body in bodies)
    assert bodies[-1].endswith("\n- Anna Lind")


def test_a_short_text_stands_below_the_first_file(reply: Any, planned: Any) -> None:
    parts = planned(SENDER, reply(attachments=(INVOICE, PHOTO)), SETTINGS)
    assert messages(parts) == [
        TO
        | {
            "type": "document",
            "document": {
                "link": "https://cdn.example/7.pdf",
                "caption": "On its way.",
                "filename": "invoice-7.pdf",
            },
        },
        TO | {"type": "image", "image": {"link": "https://cdn.example/a.jpg"}},
    ]


def test_a_voice_message_has_no_caption(reply: Any, planned: Any) -> None:
    voice = Attachment("audio", media_id="80012")
    text, audio = messages(planned(SENDER, reply(attachments=(voice,)), SETTINGS))
    assert text["type"] == "text"
    assert audio["audio"] == {"id": "80012"}


def test_few_quick_replies_are_buttons_and_many_a_list(reply: Any, planned: Any) -> None:
    few = reply(quick_replies=(("Yes", "yes"), ("No, and here is why", "")))
    [message] = messages(planned(SENDER, few, SETTINGS))
    assert message["interactive"] == {
        "type": "button",
        "body": {"text": "On its way."},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "yes", "title": "Yes"}},
                {
                    "type": "reply",
                    "reply": {"id": "No, and here is why", "title": "No, and here is why"},
                },
            ]
        },
    }
    many = reply(quick_replies=tuple((f"slot {n}", f"s{n}") for n in range(10)))
    [message] = messages(planned(SENDER, many, SETTINGS))
    assert message["interactive"]["type"] == "list"
    assert len(message["interactive"]["action"]["sections"][0]["rows"]) == 10


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"text": " "}, "empty"),
        ({"text": "", "quick_replies": (("Yes", ""),)}, "no_text"),
        ({"quick_replies": (("x", ""),) * 11}, "too_many_quick_replies"),
        ({"quick_replies": (("x", "y" * 201),)}, "quick_reply_too_long"),
        ({"attachments": (Attachment("image", content=b"1"),)}, "attachment_unsendable"),
        ({"text": "word " * 10_000}, "too_long"),
        ({"thread_id": ""}, "no_address"),
    ],
)
def test_what_cannot_go_out_is_refused_with_a_remedy(changed: Any, code: str, reply: Any) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        SENDER.plan(reply(**changed), SETTINGS, NOW_US)
    assert refused.value.code == code
    assert refused.value.remedy


def test_nothing_goes_out_without_a_token(reply: Any) -> None:
    with pytest.raises(ReplyRefusedError, match="access_token"):
        SENDER.plan(reply(), WhatsAppSettings(("x",), phone_number_id="1"), NOW_US)


async def test_a_part_is_one_call(graph: Any, reply: Any) -> None:
    platform = graph(body={"messages": [{"id": "wamid.NEW"}]})
    [part] = SENDER.plan(reply(), SETTINGS, NOW_US)
    assert await SENDER.send(part, SETTINGS, platform) == "wamid.NEW"
    [call] = platform.calls
    assert (call.method, call.url) == ("POST", "https://graph.facebook.com/v24.0/300/messages")
    assert call.headers == {"authorization": "Bearer EAAtoken"}
    assert call.json["messaging_product"] == "whatsapp"
    assert call.json["biz_opaque_callback_data"] == part.key


def usage(limits: object) -> dict[str, str]:
    return {"x-business-use-case-usage": json.dumps({"1048": limits})}


def error(code: int, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": "as Meta says", **more}}


@pytest.mark.parametrize(
    ("answered", "after_us"),
    [
        ((429, error(130429), {"retry-after": "7"}), 7_000_000),
        ((400, error(80007), {}), 0),
        ((400, error(80007), usage([{"estimated_time_to_regain_access": 3}])), 180_000_000),
        ((400, error(80007), usage([{}])), 0),
        ((400, error(80007), usage("none")), 0),
        ((500, error(2), {}), 0),
        ((400, error(131000), {}), 0),
        ((400, error(9, is_transient=True), {}), 0),
        ((503, {}, {}), 0),
    ],
)
async def test_what_may_pass_is_tried_later(
    answered: Any, after_us: int, graph: Any, reply: Any
) -> None:
    [part] = SENDER.plan(reply(), SETTINGS, NOW_US)
    with pytest.raises(TryLaterError) as later:
        await SENDER.send(part, SETTINGS, graph(*answered))
    assert later.value.after_us == after_us


@pytest.mark.parametrize(
    ("answered", "code", "remedy"),
    [
        ((400, error(131047, error_data={"details": "24 hours"})), "131047", "template"),
        ((401, error(190)), "190", "access_token"),
        ((400, error(100)), "100", ""),
        ((404, {}), "http_404", ""),
    ],
)
async def test_a_refusal_carries_metas_code(
    answered: Any, code: str, remedy: str, graph: Any, reply: Any
) -> None:
    [part] = SENDER.plan(reply(), SETTINGS, NOW_US)
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, graph(*answered))
    assert refused.value.code == code
    assert remedy in refused.value.remedy


async def test_a_gateway_that_gave_up_leaves_the_outcome_unknown(graph: Any, reply: Any) -> None:
    [part] = SENDER.plan(reply(), SETTINGS, NOW_US)
    with pytest.raises(UnknownOutcomeError):
        await SENDER.send(part, SETTINGS, graph(504))
