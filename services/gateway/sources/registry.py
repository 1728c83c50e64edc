"""All sources."""

from __future__ import annotations

from services.gateway.sources.app_store import AppStoreSource
from services.gateway.sources.feed import FeedSource
from services.gateway.sources.google_play import GooglePlaySource
from services.gateway.sources.imap import ImapSource
from services.gateway.sources.instagram import InstagramSource
from services.gateway.sources.mastodon import MastodonSource
from services.gateway.sources.smtp import SmtpSource
from services.gateway.sources.source import Source
from services.gateway.sources.syndication import SyndicationSource
from services.gateway.sources.wecom import WecomSource

SOURCES: tuple[Source, ...] = (
    WecomSource(),
    ImapSource(),
    SmtpSource(),
    InstagramSource(),
    AppStoreSource(),
    FeedSource(),
    GooglePlaySource(),
    MastodonSource(),
    SyndicationSource(),
)
