"""Pulls WeCom's customer service: at the start, when WeCom says so, and now and then.

WeCom keeps three days of messages. The cursor of each customer-service account is moved once its
messages are durable, so a crash reads some again and loses none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from services.gateway.channels.wecom import WecomSettings
from services.gateway.channels.wecom_customers import Customers, is_customers
from services.gateway.channels.wecom_kf import KIND, pulled_events
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent
from services.gateway.sources.source import Surroundings

# Without a push, at the latest after so long.
_EVERY_SECONDS = 180.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
_PAGE = 1000
_MOST_ACCOUNTS = 100
_MOST_CUSTOMERS = 100

_TOKEN_CODES = frozenset({40001, 40014, 41001, 42001})
# The push's permission is over ten minutes old; without it WeCom allows fewer calls.
_PERMISSION_CODES = frozenset({95007})


class _TroubleError(Exception):
    """WeCom cannot be asked now; the message says why."""


class WecomSource:
    kind = KIND

    def wanted(self, settings: WecomSettings) -> bool:
        return bool(settings.kf_secret)

    async def run(self, around: Surroundings, settings: WecomSettings) -> None:
        pulling = _Pulling(around, settings)
        due: tuple[Sequence[str], str] | None = None
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                scopes, permission = due or (await pulling.scopes(), "")
                for scope in scopes:
                    await pulling.pull(scope, permission)
            except (_TroubleError, ConnectionError, InvalidRequestError) as error:
                around.report(f"WeCom cannot be pulled: {error}")
                await around.pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                # Whatever was pushed meanwhile: all are pulled next.
                due = None
                continue
            around.report()
            pause = _FIRST_PAUSE_SECONDS
            pushed = await around.next_due(_EVERY_SECONDS)
            due = ((pushed.scope,), pushed.token) if pushed is not None and pushed.scope else None


class _Pulling:
    def __init__(self, around: Surroundings, settings: WecomSettings) -> None:
        self._around = around
        self._settings = settings
        self._token = ""
        self._customers = Customers()

    async def scopes(self) -> Sequence[str]:
        """Return the customer-service accounts: those of the settings, else all there are."""
        if self._settings.open_kfids:
            return self._settings.open_kfids
        found: list[str] = []
        while True:
            asked: dict[str, object] = {"offset": len(found), "limit": _MOST_ACCOUNTS}
            told, _ = await self._ask("/cgi-bin/kf/account/list", asked)
            page = told.get("account_list")
            listed = page if isinstance(page, list) else []
            found += [
                str(one["open_kfid"])
                for one in listed
                if isinstance(one, dict) and "open_kfid" in one
            ]
            if len(listed) < _MOST_ACCOUNTS:
                return found

    async def pull(self, scope: str, permission: str) -> None:
        """Take everything of one customer-service account that was not taken yet."""
        name = f"sync_msg:{scope}"
        while True:
            cursor = self._around.cursor(name)
            asked: dict[str, object] = {"limit": _PAGE, "voice_format": 0, "open_kfid": scope}
            asked |= {"cursor": cursor} if cursor else {}
            asked |= {"token": permission} if permission else {}
            told, body = await self._ask("/cgi-bin/kf/sync_msg", asked)
            events = pulled_events(body)
            if self._settings.customer_names:
                events = await self._named(events)
            await self._around.take(events, body)
            after = told.get("next_cursor")
            if not isinstance(after, str) or not after or after == cursor:
                return
            await self._around.keep_cursor(name, after)
            if told.get("has_more") != 1:
                return

    async def _named(self, events: Sequence[IncomingEvent]) -> list[IncomingEvent]:
        """Add who the customers are to what they wrote."""
        self._customers.make_room()
        unknown = sorted({event.author_id for event in events if is_customers(event)})
        unknown = [one for one in unknown if one not in self._customers]
        for start in range(0, len(unknown), _MOST_CUSTOMERS):
            asked: dict[str, object] = {
                "external_userid_list": unknown[start : start + _MOST_CUSTOMERS]
            }
            _, body = await self._ask("/cgi-bin/kf/customer/batchget", asked)
            self._customers.learn(asked_for=unknown[start : start + _MOST_CUSTOMERS], body=body)
        return [self._customers.named(event) for event in events]

    async def _ask(self, path: str, asked: dict[str, object]) -> tuple[Mapping[str, object], bytes]:
        """Call with a token, once more with a new one when it is no longer taken."""
        for is_last in (False, True):
            token = await self._access_token()
            address = f"{self._settings.api_base}{path}?{urlencode({'access_token': token})}"
            told, body = await self._call("POST", address, asked)
            code = told.get("errcode", 0)
            if code == 0:
                return told, body
            if not is_last and code in _TOKEN_CODES:
                self._token = ""
            elif not is_last and code in _PERMISSION_CODES and asked.pop("token", None):
                continue
            else:
                break
        raise _TroubleError(f"errcode {code}: {told.get('errmsg', '')}")

    async def _access_token(self) -> str:
        if not self._token:
            query = {"corpid": self._settings.corp_id, "corpsecret": self._settings.kf_secret}
            address = f"{self._settings.api_base}/cgi-bin/gettoken?{urlencode(query)}"
            told, _ = await self._call("GET", address, None)
            token = told.get("access_token")
            if not isinstance(token, str) or not token:
                raise _TroubleError(f"errcode {told.get('errcode')}: {told.get('errmsg', '')}")
            self._token = token
        return self._token

    async def _call(
        self, method: str, address: str, asked: object
    ) -> tuple[Mapping[str, object], bytes]:
        status, _, body = await self._around.request(method, address, json=asked)
        if status != 200:  # noqa: PLR2004  # OK; WeCom answers everything with it
            raise _TroubleError(f"it answered {status}")
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            raise _TroubleError("its answer is no JSON") from None
        if not isinstance(told, dict):
            raise _TroubleError("its answer is no JSON object")
        return told, body
