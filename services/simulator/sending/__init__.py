"""Sends what happens to the gateway, as the channels themselves would: signed HTTP requests."""

from __future__ import annotations

from services.simulator.sending.accounts import AccountsError, SendingAccounts, read_accounts
from services.simulator.sending.sender import Sender, SendingError
from services.simulator.sending.statistics import Statistics
from services.simulator.sending.timetable import Timetable

__all__ = [
    "AccountsError",
    "Sender",
    "SendingAccounts",
    "SendingError",
    "Statistics",
    "Timetable",
    "read_accounts",
]
