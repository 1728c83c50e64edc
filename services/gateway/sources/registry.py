"""All sources."""

from __future__ import annotations

from services.gateway.sources.imap import ImapSource
from services.gateway.sources.instagram import InstagramSource
from services.gateway.sources.smtp import SmtpSource
from services.gateway.sources.source import Source
from services.gateway.sources.wecom import WecomSource

SOURCES: tuple[Source, ...] = (
    WecomSource(),
    ImapSource(),
    SmtpSource(),
    InstagramSource(),
)
