"""Fetches media over HTTPS, and never from inside the organisation's own network.

Addresses are checked after the name was resolved and are the ones connected to, so that a name
cannot point elsewhere a moment later. Redirects are followed by hand, each under the same rules.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.gateway.domain.media_types import is_allowed, settle
from services.gateway.ports_media import Media, MediaRefusedError

_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_CHUNK = 64 * 1024
_TYPES = (
    "image/*",
    "audio/*",
    "video/*",
    "application/pdf",
    "application/zip",
    "text/plain",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
)


@dataclass(frozen=True, slots=True)
class MediaRules:
    """``hosts``: "cdn.example.com" is that host, "*.example.com" every host below it.

    ``allow_http`` and ``allow_private`` (any port and address) are for tests and the sandbox.
    """

    hosts: tuple[str, ...]
    types: tuple[str, ...] = _TYPES
    max_bytes: int = 25 * 1024 * 1024
    seconds: float = 30.0
    allow_http: bool = False
    allow_private: bool = False


class HttpMediaFetcher:
    """Implements ``MediaFetcher``. Use as an async context manager."""

    def __init__(self, rules: MediaRules, resolver: AbstractResolver | None = None) -> None:
        self._rules = rules
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = self._resolver or aiohttp.ThreadedResolver()
        checked = resolver if self._rules.allow_private else _PublicResolver(resolver)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=checked, use_dns_cache=False),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Packed content may be of any size unpacked.
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "careline-gateway"},
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Media:
        try:
            async with asyncio.timeout(self._rules.seconds):
                return await self._follow(url, headers or {})
        except _PrivateAddressError as error:
            raise MediaRefusedError(str(error)) from None
        except TimeoutError:
            raise ConnectionError(f"no media within {self._rules.seconds:g} s") from None
        except aiohttp.InvalidURL:
            raise MediaRefusedError("the address is none") from None
        except aiohttp.ClientError as error:
            if isinstance(error.__cause__, _PrivateAddressError):
                raise MediaRefusedError(str(error.__cause__)) from None
            raise ConnectionError(f"no media: {type(error).__name__}") from error

    async def _follow(self, url: str, headers: Mapping[str, str]) -> Media:
        assert self._session is not None, "use the fetcher as a context manager"
        target = self._checked(url)
        first = target.origin()
        for _ in range(_MOST_REDIRECTS + 1):
            named = headers if target.origin() == first else {}
            async with self._session.get(target, headers=named, allow_redirects=False) as answer:
                if answer.status in _REDIRECTS and "Location" in answer.headers:
                    target = self._checked(answer.headers["Location"], base=target)
                    continue
                return await self._read(answer)
        raise MediaRefusedError(f"it is redirected more than {_MOST_REDIRECTS} times")

    def _checked(self, url: str, base: URL | None = None) -> URL:
        """Return the address, or raise ``MediaRefusedError`` with the rule it breaks."""
        try:
            target = base.join(URL(url)) if base is not None else URL(url)
            host, port = (target.raw_host or "").lower().rstrip("."), target.port
        except ValueError:
            raise MediaRefusedError("the address is none") from None
        rules = self._rules
        if target.scheme != "https" and not (rules.allow_http and target.scheme == "http"):
            raise MediaRefusedError("only https is allowed")
        if target.user is not None or target.password is not None:
            raise MediaRefusedError("an address with a user or a password is not allowed")
        if not is_listed(host, rules.hosts):
            raise MediaRefusedError(
                f"the host {host[:100]!r} is not allowed; add it to the media hosts if it should be"
            )
        if not rules.allow_private:
            if not target.is_default_port():
                raise MediaRefusedError(f"the port {port} is not allowed")
            if _is_inside(host):
                raise MediaRefusedError("the address lies inside the organisation's network")
        return target

    async def _read(self, answer: aiohttp.ClientResponse) -> Media:
        if answer.status in _LATER or answer.status >= 500:  # noqa: PLR2004  # HTTP's own line
            raise ConnectionError(f"the host answered {answer.status}")
        if answer.status != 200:  # noqa: PLR2004  # only a whole body will do
            raise MediaRefusedError(f"the host answered {answer.status}")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise MediaRefusedError("it is packed, which was not asked for")
        limit = self._rules.max_bytes
        too_large = MediaRefusedError(f"it has more than {limit} bytes")
        if (answer.content_length or 0) > limit:
            raise too_large
        content = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise too_large
        declared = answer.headers.get("Content-Type", "")
        media_type = settle(declared, bytes(content))
        if not media_type:
            raise MediaRefusedError(
                f"its bytes are not what it says ({declared.partition(';')[0][:60]!r})"
            )
        if not is_allowed(media_type, self._rules.types):
            raise MediaRefusedError(f"media of type {media_type!r} is not allowed")
        return Media(bytes(content), media_type)


def is_listed(host: str, hosts: Sequence[str]) -> bool:
    """Tell whether a host is one of the list, or below an entry that begins with "*."."""
    for entry in hosts:
        allowed = entry.lower().rstrip(".")
        if allowed.startswith("*."):
            if host.endswith(allowed[1:]) and len(host) > len(allowed) - 1:
                return True
        elif host == allowed:
            return True
    return False


def _is_inside(host: str) -> bool:
    """Tell whether a literal address is anything but public; a name is no address."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return not is_public(address)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address in IPv6's clothes, and the ways to tunnel one.
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _PrivateAddressError(OSError):
    """A name that leads inside."""


class _PublicResolver(AbstractResolver):
    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        # All of them: a name with one address inside is no name to trust.
        if any(_is_inside(one["host"]) for one in found):
            raise _PrivateAddressError(f"the host {host!r} lies inside the organisation's network")
        return found

    async def close(self) -> None:
        await self._resolver.close()
