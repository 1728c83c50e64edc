"""An answer's last step: onto the screen of its thread."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.domain.account import Account
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.keys import thread_key
from services.gateway.domain.outbound import ReplyRefusedError, TryLaterError
from services.gateway.ports import UnavailableError
from services.gateway.ports_chat import ChatScreen


async def show_reply(
    screen: ChatScreen, account: Account, thread: str, message: Mapping[str, object]
) -> None:
    """Show it in a thread of the account, named as the channel names it.

    Raise ``ReplyRefusedError`` or ``TryLaterError``, as every way out does.
    """
    if not thread.startswith(f"{account.account}:"):
        raise ReplyRefusedError(
            "unknown_thread",
            f"{thread!r} is no thread of the web chat {account.account}",
            "answer in a thread that a visitor began",
        )
    key = thread_key(account.organisation, account.channel, thread)
    try:
        await screen.show(key, message)
    except InvalidRequestError as error:
        raise ReplyRefusedError("not_showable", str(error), "mend what is named") from error
    except UnavailableError as error:
        raise TryLaterError(str(error)) from error
