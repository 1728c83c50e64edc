"""The runner of published examples notices what is wrong with a channel."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.channels.registry import CHANNELS
from services.gateway.conformance import VectorError, run_vectors
from services.gateway.domain.inbound import Answer, InboundRequest, RefusedError
from services.gateway.domain.incoming import IncomingEvent


class Signed(PlatformChannel):
    """A channel that can be made careless in one way."""

    kind = "signed"
    path = "/v1/signed"

    def __init__(self, carelessness: str = "") -> None:
        self._carelessness = carelessness

    def handshake(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> Answer | None:
        echo = request.query.get("echo")
        return None if echo is None else Answer(echo.encode())

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        covered = b"" if self._carelessness == "leaves the body out" else request.body
        expected = hmac.digest(settings.secrets[0].encode(), covered, sha256).hex()
        if self._carelessness == "refuses":
            raise RefusedError("no")
        if self._carelessness != "accepts" and request.headers["x-signature"] != expected:
            raise RefusedError("it does not match")
        return request

    def parse(self, request: InboundRequest) -> Sequence[IncomingEvent]:
        return []


def vector(**changed: Any) -> dict[str, Any]:
    body = '{"a": 1}'
    signature = hmac.digest(b"key", body.encode(), sha256).hex()
    return {
        "id": "one",
        "channel": "signed",
        "algorithm": "hex(HMAC-SHA256(secret, raw_body))",
        "secret": {"app_secret": "key"},
        "request": {"headers": {"X-Signature": signature}, "raw_body": body},
    } | changed


def problem(subject: Signed, **changed: Any) -> str:
    [result] = run_vectors({"vectors": [vector(**changed)]}, [subject])
    assert result.passed is not bool(result.problem)
    return result.problem


def test_a_careful_channel_passes() -> None:
    assert problem(Signed()) == ""


@pytest.mark.parametrize(
    ("carelessness", "found"),
    [
        ("refuses", "expected to be accepted, actual: refused, because no"),
        ("accepts", "with a flipped byte in the header x-signature it is accepted all the same"),
    ],
)
def test_a_careless_one_is_told_how(carelessness: str, found: str) -> None:
    assert problem(Signed(carelessness)) == found


def test_a_body_that_is_not_covered_is_noticed() -> None:
    signature = hmac.digest(b"key", b"", sha256).hex()
    request = {"headers": {"X-Signature": signature}, "raw_body": "{}"}
    assert "flipped byte in the body" in problem(Signed("leaves the body out"), request=request)


def test_a_wrong_answer_to_a_handshake_is_shown() -> None:
    request = {"method": "GET", "query": {"echo": "7"}, "must_respond": "8"}
    assert problem(Signed(), request=request) == "expected the answer '8', actual '7'"


def test_a_channel_nobody_knows_fails_its_example() -> None:
    assert problem(Signed(), channel="pigeon") == "the channel 'pigeon' is unknown"


def test_a_file_without_examples_is_no_file_of_examples() -> None:
    with pytest.raises(VectorError, match="vectors"):
        list(run_vectors({}, CHANNELS))


def test_every_published_example_passes(shared_folder: Callable[[str], Path]) -> None:
    path = shared_folder("conformance/channel_vectors.json")
    results = list(run_vectors(json.loads(path.read_text(encoding="utf-8")), CHANNELS))
    assert {one.vector_id: one.problem for one in results if not one.passed} == {}
    assert len(results) >= 15


def test_a_body_of_one_byte_is_flipped_as_well() -> None:
    signature = hmac.digest(b"key", b"1", sha256).hex()
    one = vector(request={"headers": {"X-Signature": signature}, "raw_body": "1"})
    [result] = run_vectors({"vectors": [one]}, [Signed()])
    assert result.passed


def test_an_entry_that_is_no_example_is_named() -> None:
    with pytest.raises(VectorError, match=r"vectors\[0\]"):
        list(run_vectors({"vectors": ["what"]}, [Signed()]))
