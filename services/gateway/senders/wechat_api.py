"""Calls of WeChat's and WeCom's APIs: an access token in the address, ``errcode`` in the answer."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, urlencode

from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import AccessToken, Platform, PlatformAnswer

_SECOND_US = 1_000_000
# Tokens live two hours; fetched anew a little before.
_EARLY_SECONDS = 300

# The token is wrong, unknown or out of date.
_TOKEN_CODES = frozenset({40001, 40014, 41001, 42001})
# How long to wait for each that passes by itself, in seconds; 0 is the lane's own pace.
_LATER_SECONDS: Mapping[int, int] = {-1: 0, 6000: 0, 45009: 600, 45011: 60, 45033: 5}
_REMEDIES: Mapping[int, str] = {
    40003: "check that the customer belongs to this account",
    40013: "check the account's id",
    40125: "check the account's secret",
    40164: "allow this server's address in the platform's settings",
    43004: "the customer must follow the account first",
    45002: "shorten the text",
    45015: "send an approved template, or wait until the customer writes",
    45047: "wait until the customer writes again",
    48001: "ask the platform for the permission, or verify the account",
    60020: "allow this server's address in the platform's settings",
    95001: "wait until the customer writes again: five messages are allowed",
    95013: "the session has ended; wait until the customer writes",
    95016: "take the session over by the API, or answer in WeCom",
    95018: "take the session over by the API, or answer in WeCom",
}


@dataclass(frozen=True, slots=True)
class Api:
    """One address with one token. ``fetch`` asks for the token: the request and how to read it."""

    base: str
    token_name: str
    fetch: Callable[[Platform], Awaitable[AccessToken]]


async def fetched(platform: Platform, request: Awaitable[PlatformAnswer]) -> AccessToken:
    """Read an answer with a token. Nothing was sent yet, so any doubt means: try again later."""
    try:
        answer = await request
        raise_for(answer)
    except UnknownOutcomeError as error:
        raise TryLaterError(f"no access token: {error}") from error
    told = json_object(answer)
    token, lifetime = told.get("access_token"), told.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(lifetime, int):
        if code_of(told) == 0:
            raise TryLaterError("the platform's answer holds no access token")
        raise refusal(told)
    lifetime_us = max(lifetime - _EARLY_SECONDS, 0) * _SECOND_US
    return AccessToken(token, platform.now_us() + lifetime_us)


async def post(
    platform: Platform, api: Api, path: str, document: Mapping[str, object]
) -> Mapping[str, object]:
    # The platforms show "\u4f60" as it stands, so the JSON must not escape.
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    return await _call(platform, api, path, query={}, headers=headers, body=body)


async def upload(
    platform: Platform, api: Api, path: str, media: Mapping[str, object], key: str
) -> str:
    """Hand over a file; return its media id, good for three days."""
    name = str(media["name"]).replace('"', "'").replace("\r", " ").replace("\n", " ")
    boundary = sha256(key.encode()).hexdigest()
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{name}"\r\n'
        f"Content-Type: {media['media_type']}\r\n\r\n"
    )
    body = head.encode() + b64decode(str(media["content"])) + f"\r\n--{boundary}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    try:
        query = {"type": str(media["type"])}
        told = await _call(platform, api, path, query=query, headers=headers, body=body)
    except UnknownOutcomeError as error:
        raise TryLaterError(f"the file did not arrive: {error}") from error
    return str(told.get("media_id", ""))


async def _call(
    platform: Platform,
    api: Api,
    path: str,
    *,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
) -> Mapping[str, object]:
    for is_last in (False, True):
        token = await platform.token(api.token_name, lambda: api.fetch(platform))
        address = f"{api.base}{path}?{urlencode({'access_token': token, **query}, quote_via=quote)}"
        answer = await platform.request("POST", address, headers=headers, body=body)
        raise_for(answer)
        told = json_object(answer)
        if not told:
            raise UnknownOutcomeError("the platform's answer is no JSON object")
        code = code_of(told)
        if code == 0:
            return told
        if code not in _TOKEN_CODES or is_last:
            break
        platform.forget_token(api.token_name)
    raise refusal(told)


def code_of(told: Mapping[str, object]) -> int:
    code = told.get("errcode", 0)
    return code if isinstance(code, int) else -1


def refusal(told: Mapping[str, object]) -> ReplyRefusedError | TryLaterError:
    """Return what an ``errcode`` means."""
    code = code_of(told)
    reason = f"errcode {code}: {told.get('errmsg', '')}"
    if code in _LATER_SECONDS:
        return TryLaterError(reason, _LATER_SECONDS[code] * _SECOND_US)
    remedy = "check the account's secret" if code in _TOKEN_CODES else _REMEDIES.get(code, "")
    return ReplyRefusedError(str(code), reason, remedy)
