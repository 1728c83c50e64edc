"""How WeChat and Weibo sign and encrypt what they push.

A signature is SHA-1 over the sorted parts, and the plain one does not cover the body: whoever sees
one request could send another body with its signature. Hence the time window, and hence a
signature is good for the first body that came with it, and for no other. A retry brings the same
body and passes.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b, sha1

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from services.gateway.channels.wechat_bodies import read_body
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError

WINDOW_SECONDS = 600
# Of all accounts of a channel in one process; the oldest go first. About 20 MB.
MOST_REMEMBERED = 100_000

_SECOND_US = 1_000_000
_KEY_CHARACTERS = 43
_KEY_BYTES = 32
_PADDED_TO = 32
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4


def query(request: InboundRequest, name: str) -> str:
    """Return a parameter that must be there."""
    value = request.query.get(name, "")
    if not value:
        raise RefusedError(f"the parameter {name} is missing")
    return value


def sign(*parts: str) -> str:
    """Return the SHA-1 of the sorted parts, in lower-case hexadecimal digits."""
    encoded = sorted(part.encode(errors="surrogateescape") for part in parts)
    return sha1(b"".join(encoded), usedforsecurity=False).hexdigest()


def check_signature(request: InboundRequest, name: str, tokens: Sequence[str], *rest: str) -> None:
    """Check the signature in the parameter ``name`` against every token; ``rest`` is signed too."""
    offered = query(request, name).encode(errors="surrogateescape")
    parts = (query(request, "timestamp"), query(request, "nonce"), *rest)
    expected = [sign(token, *parts).encode() for token in tokens]
    matches = [hmac.compare_digest(one, offered) for one in expected]
    if not any(matches):
        raise RefusedError(f"{name} does not match the account's secret")


def check_time(request: InboundRequest, now_us: int, unit_us: int) -> None:
    """Check that the signed time, counted in ``unit_us``, is within the window around now."""
    text = query(request, "timestamp")
    # Without its exact length, digits could wander between the time and the nonce.
    digits = len("9999999999") if unit_us == _SECOND_US else len("9999999999999")
    if not (text.isascii() and text.isdigit() and len(text) == digits):
        raise RefusedError(f"timestamp is not a time of {digits} digits")
    if abs(now_us - int(text) * unit_us) > WINDOW_SECONDS * _SECOND_US:
        raise RefusedError(f"timestamp is more than {WINDOW_SECONDS} s away from now")


class SeenSignatures:
    """Which body each signature came with, for as long as the window lets it pass again.

    A signature depends on the account's token, so accounts do not get into each other's way. Kept
    in memory only: after a restart, and in other processes, only the window and the repeats' filter
    hold.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, tuple[bytes, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def check(self, signature: str, body: bytes, now_us: int) -> None:
        """Raise ``RefusedError`` when the signature came with another body before."""
        self._forget(now_us)
        key = blake2b(signature.encode(errors="surrogateescape"), digest_size=16).digest()
        digest = blake2b(body, digest_size=16).digest()
        known = self._seen.get(key)
        if known is None:
            self._seen[key] = (digest, now_us)
        elif not hmac.compare_digest(known[0], digest):
            raise RefusedError("this signature came with another body before")

    def _forget(self, now_us: int) -> None:
        # A signature may be a window early when it is first seen, and a window late at last.
        horizon_us = now_us - 2 * WINDOW_SECONDS * _SECOND_US
        while self._seen:
            _, seen_at_us = next(iter(self._seen.values()))
            if seen_at_us >= horizon_us and len(self._seen) < self._most:
                break
            self._seen.popitem(last=False)


def check_key(encoding_aes_key: str) -> bytes:
    """Return the AES key. Raise ``ValueError`` that says what an EncodingAESKey looks like."""
    try:
        key = b64decode(encoding_aes_key + "=", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(encoding_aes_key) != _KEY_CHARACTERS or len(key) != _KEY_BYTES:
        raise ValueError(f"an EncodingAESKey has {_KEY_CHARACTERS} characters of A-Z, a-z and 0-9")
    return key


def encrypted_text(body: bytes) -> str:
    """Return what is encrypted in a request; raise ``RefusedError`` when nothing is."""
    try:
        return read_body(body).text("Encrypt", limit=len(body) + 1)
    except InvalidRequestError as error:
        raise RefusedError(f"the account takes encrypted requests only, but {error}") from None


def decrypt(encrypted: str, encoding_aes_keys: Iterable[str], receiver_id: str) -> bytes:
    """Return the message that is encrypted for this receiver with one of the keys."""
    try:
        ciphertext = b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("the encrypted message is not base64") from None
    if not ciphertext or len(ciphertext) % (AES.block_size // 8):
        raise RefusedError("the encrypted message is not made of whole blocks")
    try:
        keys = [check_key(one) for one in encoding_aes_keys]
    except ValueError as error:
        raise RefusedError(f"the account has no usable key: {error}") from None
    for key in keys:
        message = _opened(ciphertext, key, receiver_id.encode())
        if message is not None:
            return message
    raise RefusedError("no key opens the message, or it is meant for somebody else")


def _opened(ciphertext: bytes, key: bytes, receiver_id: bytes) -> bytes | None:
    """16 random bytes, the message's length, the message, the receiver's id, padding to 32."""
    decryptor = Cipher(AES(key), CBC(key[: AES.block_size // 8])).decryptor()
    plain = decryptor.update(ciphertext) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= _PADDED_TO or plain[-padding:] != bytes([padding]) * padding:
        return None
    start = _RANDOM_BYTES + _LENGTH_BYTES
    end = start + int.from_bytes(plain[_RANDOM_BYTES:start], "big")
    content = plain[:-padding]
    if len(content) < start or end > len(content):
        return None
    return content[start:end] if hmac.compare_digest(content[end:], receiver_id) else None
