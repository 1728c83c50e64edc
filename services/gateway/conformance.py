"""Runs published examples of how platforms prove requests: ``careline evaluate channels``.

An example passes when the channel accepts it and answers as it must, and refuses it once one byte
of what proves it, or of what is proved, is another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import Answer, InboundRequest, RefusedError

# The examples' names of channels, where they are not the kinds.
_KINDS = {
    "x_twitter": "x",
    "twitter": "x",
    "meta": "messenger",
    "facebook": "messenger",
    "meta_whatsapp": "whatsapp",
    "meta_messenger": "messenger",
    "meta_instagram": "instagram",
    "twilio_voice_sms": "twilio",
    "twilio_voice": "twilio",
    "twilio_sms": "twilio",
    "first_party_events": "webhook",
    "standard_webhooks": "webhook",
    "wechat": "wechat_official_account",
}
_ANY_SECRET = "any-secret_0"  # noqa: S105  # stands in for an example's "<any>"
_PLACEHOLDERS = {"<any>": _ANY_SECRET, "<same>": _ANY_SECRET}
_PROOFS = ("signature", "secret-token", "gitlab-token", "authorization")
_STAMPS = ("timestamp",)
_DAY_US = 86_400_000_000
# Beyond this a time is in milliseconds.
_LARGEST_SECONDS = 100_000_000_000


class VectorError(ValueError):
    """The file is not one of examples; the message names the place."""


@dataclass(frozen=True, slots=True)
class VectorResult:
    """``problem`` is empty when the example passed."""

    vector_id: str
    problem: str

    @property
    def passed(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class _Example:
    channel: Channel
    settings: Any
    request: InboundRequest
    now_us: int


def run_vectors(document: Mapping[str, Any], channels: Sequence[Channel]) -> Iterator[VectorResult]:
    """Run every example of a file. Raise ``VectorError`` when it holds none."""
    vectors = document.get("vectors")
    if not isinstance(vectors, list):
        raise VectorError('"vectors" is missing, or not a list')
    by_kind = {channel.kind: channel for channel in channels}
    for index, vector in enumerate(vectors):
        if not isinstance(vector, dict):
            raise VectorError(f"vectors[{index}] is not an object")
        name = str(vector.get("id", f"vectors[{index}]"))
        kind = str(vector.get("channel", ""))
        channel = by_kind.get(_KINDS.get(kind, kind))
        if channel is None:
            yield VectorResult(name, f"the channel {kind!r} is unknown")
            continue
        yield VectorResult(name, _problem(vector, _example(vector, channel)))


def _example(vector: Mapping[str, Any], channel: Channel) -> _Example:
    given = vector.get("request", {})
    request = _request(given)
    return _Example(channel, _settings(vector, given, channel), request, _now_us(given, request))


def _request(given: Mapping[str, Any]) -> InboundRequest:
    url = urlsplit(str(given.get("url", "")))
    query = {**_texts(dict(_pairs(url.query))), **_texts(given.get("query", {}))}
    headers = {name.lower(): value for name, value in _texts(given.get("headers", {})).items()}
    if "form" in given:
        body = urlencode(given["form"]).encode()
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    elif "body_json" in given:
        body = json.dumps(given["body_json"], ensure_ascii=False).encode()
    else:
        body = str(given.get("raw_body", given.get("body", ""))).encode()
    target = url.path + (f"?{url.query}" if url.query else "")
    return InboundRequest(body, headers, query, str(given.get("method", "POST")), target)


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        yield name, value


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _PLACEHOLDERS.get(str(value), str(value)) for name, value in values.items()}


def _settings(vector: Mapping[str, Any], given: Mapping[str, Any], channel: Channel) -> Any:
    """Fit an example's secrets to the channel's settings: what is no setting is the secret."""
    known = {
        _plain(one.name): one.name for one in fields(channel.settings) if one.name != "secrets"
    }
    settings: dict[str, Any] = {}
    secrets: list[str] = []
    for name, value in _texts(vector.get("secret", {})).items():
        setting = known.get(_plain(name))
        if setting is not None:
            settings[setting] = value
        # A token may prove requests and stand among the settings for the way out as well.
        if setting is None or (name.endswith(("secret", "token")) and name != "verify_token"):
            secrets.append(value)
    if "publicurl" in known and "url" in given:
        url = urlsplit(str(given["url"]))
        settings[known["publicurl"]] = f"{url.scheme}://{url.netloc}"
    return channel.settings(secrets=tuple(secrets), **settings)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _now_us(given: Mapping[str, Any], request: InboundRequest) -> int:
    """Return the example's time: its clock, else the time that its request names."""
    stamps = [given.get("clock")]
    for values in (request.headers, request.query):
        stamps += [value for name, value in values.items() if name.endswith(_STAMPS)]
    for stamp in stamps:
        if stamp is not None and str(stamp).isdigit():
            number = int(stamp)
            return number * (1_000 if number > _LARGEST_SECONDS else 1_000_000)
    return 0


def _problem(vector: Mapping[str, Any], example: _Example) -> str:
    try:
        outcome = _outcome(example)
    except RefusedError as error:
        return f"expected to be accepted, actual: refused, because {error}"
    wrong = _wrong_answer(vector, outcome)
    if wrong:
        return wrong
    for change, changed in _changes(vector, example):
        try:
            other = _outcome(changed)
        except RefusedError:
            continue
        # A challenge is not signed: another one only has to get another answer.
        if other == outcome or not isinstance(other, Answer):
            return f"with {change} it is accepted all the same"
    return ""


def _outcome(example: _Example) -> Answer | InboundRequest:
    """Return the answer to a handshake, or the request as proved."""
    answer = example.channel.handshake(example.request, example.settings, example.now_us)
    if answer is not None:
        return answer
    return replace(
        example.channel.verify(example.request, example.settings, example.now_us),
        headers={},
        query={},
        target="",
    )


def _wrong_answer(vector: Mapping[str, Any], outcome: Answer | InboundRequest) -> str:
    given = vector.get("request", {})
    body = outcome.body.decode(errors="replace")
    wanted = given.get("must_respond", vector.get("must_respond"))
    as_json = given.get("must_respond_json", vector.get("must_respond_json"))
    is_answer = isinstance(outcome, Answer)
    if wanted is not None and (not is_answer or body != str(wanted)):
        return f"expected the answer {wanted!r}, actual {body!r}"
    if as_json is not None and (not is_answer or json.loads(body) != as_json):
        return f"expected the answer {as_json!r}, actual {body!r}"
    computed = vector.get("computed")
    if is_answer and wanted is None and as_json is None and isinstance(computed, str):
        return "" if computed in body else f"expected an answer with {computed!r}, actual {body!r}"
    plaintext = vector.get("plaintext")
    if plaintext is not None and body != plaintext:
        return f"expected the content {plaintext!r}, actual {body!r}"
    return ""


def _changes(vector: Mapping[str, Any], example: _Example) -> Iterator[tuple[str, _Example]]:
    """Return the example with one byte flipped in each thing that must not be changed."""
    request = example.request
    for name, value in request.headers.items():
        if value and _is_proof(name, vector):
            headers = {**request.headers, name: _flipped(value)}
            yield (
                f"a flipped byte in the header {name}",
                replace(example, request=replace(request, headers=headers)),
            )
    for name, value in request.query.items():
        if value and _is_proof(name, vector):
            query = {**request.query, name: _flipped(value)}
            yield (
                f"a flipped byte in the parameter {name}",
                replace(example, request=replace(request, query=query)),
            )
    if request.body and _covers_body(vector):
        # Not the last one: some proofs leave a line end there out.
        at = max(len(request.body) - 2, 0)
        body = request.body[:at] + bytes([request.body[at] ^ 1]) + request.body[at + 1 :]
        yield (
            "a flipped byte in the body",
            replace(example, request=replace(request, body=body)),
        )
    yield from _negatives(vector, example)


def _is_proof(name: str, vector: Mapping[str, Any]) -> bool:
    plain = name.lower()
    if plain == "signature" and "msg_signature" in vector.get("request", {}).get("query", {}):
        # Sent along with the one that covers the content, which alone is looked at.
        return False
    return plain.endswith(_PROOFS) or plain == "crc_token"


def _covers_body(vector: Mapping[str, Any]) -> bool:
    algorithm = str(vector.get("algorithm", ""))
    return any(word in algorithm for word in ("body", "Encrypt", "param"))


def _flipped(text: str) -> str:
    """Return the text with one bit of a character in its middle flipped."""
    at = len(text) // 2
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


def _negatives(vector: Mapping[str, Any], example: _Example) -> Iterator[tuple[str, _Example]]:
    """Return the example as its own ``negative`` says that it must fail."""
    request = example.request
    for name, value in vector.get("negative", {}).items():
        if name == "clock":
            changed = replace(example, now_us=example.now_us + _DAY_US)
        elif name in {"raw_body", "body"}:
            changed = replace(example, request=replace(request, body=request.body + b"------"))
        elif name.lower() in request.headers:
            headers = {**request.headers, name.lower(): str(value)}
            changed = replace(example, request=replace(request, headers=headers))
        else:
            query = {**request.query, name: str(value)}
            changed = replace(example, request=replace(request, query=query))
        yield f"its own negative {name!r}", changed
