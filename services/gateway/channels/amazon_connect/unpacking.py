"""The wrappings in which Amazon delivers a record, one within the other.

Kinesis and Firehose events (base64), EventBridge, SNS and SQS, and files of records one after the
other, with or without line ends, as Firehose writes them to S3.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64decode
from io import BytesIO
from typing import NoReturn

from services.gateway.channels.loose import MOST_ENTRIES, Loose, objects
from services.gateway.domain.inbound import InvalidRequestError

_SENT_AT = "time"
# Wrappings within wrappings: SQS of SNS of EventBridge is as deep as it gets.
_DEEPEST = 6
# A record's text, unpacked, in bytes.
_LARGEST = 16 * 1024 * 1024


def records(body: bytes) -> list[Loose]:
    """Return the records of a request or a file. Raise ``InvalidRequestError``.

    Only a file as a whole may be gzip: entries that unpack would multiply.
    """
    if body[:2] == b"\x1f\x8b":
        body = _gunzip(body)
    found = _documents(body)
    unpacked = [record for value in found for record in _unpack(value, 0)]
    if len(unpacked) > MOST_ENTRIES:
        raise InvalidRequestError("body", f"has more than {MOST_ENTRIES} records")
    return unpacked


def _documents(body: bytes) -> list[object]:
    """Parse JSON documents that follow each other."""
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InvalidRequestError("body", "is not UTF-8") from None
    if not text:
        raise InvalidRequestError("body", "is empty")
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    found: list[object] = []
    at = 0
    try:
        while at < len(text) and len(found) <= MOST_ENTRIES:
            value, at = decoder.raw_decode(text, at)
            found.append(value)
            while at < len(text) and text[at] in " \t\r\n,":
                at += 1
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    except ValueError:
        raise InvalidRequestError("body", "is not JSON") from None
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unpack(value: object, depth: int) -> list[Loose]:
    if depth > _DEEPEST:
        raise InvalidRequestError("body", "is wrapped too often")
    if isinstance(value, list):
        return [one for entry in objects(value) for one in _unpack(entry.values, depth + 1)]
    record = Loose(value)
    for name in ("Records", "records", "Contacts"):
        if isinstance(record.values.get(name), list):
            return _unpack(record.values[name], depth + 1)
    try:
        inner = _wrapped(record)
    except InvalidRequestError:
        # One bad entry of many: it is kept as it came, and the others go on.
        return [record]
    if inner is not None:
        return [one for value in inner for one in _unpack(value, depth + 1)]
    return [record] if record else []


def _wrapped(record: Loose) -> list[object] | None:
    """Return what a wrapping holds; None for what is none."""
    kinesis = record.object("kinesis")
    for packed in (kinesis.text("data"), record.text("data") if "kinesis" not in record else ""):
        if packed:
            return _documents(_decoded(packed))
    if isinstance(record.values.get("Sns"), dict):
        return [record.values["Sns"]]
    for name in ("Message", "body", "content"):
        text = record.text(name)
        if text.lstrip()[:1] in ("{", "["):
            return _documents(text.encode(errors="replace"))
    if "detail-type" in record and isinstance(record.values.get("detail"), dict):
        # The event itself does not always say when it was.
        return [{_SENT_AT: record.values.get("time"), **record.object("detail").values}]
    for name in ("ContactTraceRecord", "Contact", "data", "body"):
        if isinstance(record.values.get(name), dict):
            return [record.values[name]]
    # What a flow asks of a Lambda function.
    flow = record.object("Details").object("ContactData")
    return [flow.values] if flow else None


def _decoded(packed: str) -> bytes:
    try:
        return b64decode(packed, validate=True)
    except ValueError:
        raise InvalidRequestError("body", "has a record that is not base64") from None


def _gunzip(body: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(body)) as file:
            plain = file.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error):
        raise InvalidRequestError("body", "is not gzip") from None
    if len(plain) > _LARGEST:
        raise InvalidRequestError("body", f"unpacks to more than {_LARGEST} bytes")
    return plain
