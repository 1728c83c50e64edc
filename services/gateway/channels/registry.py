"""All channels. A new one is a module beside this and a line here; see docs/adding-a-channel.md."""

from __future__ import annotations

from services.gateway.channels.amazon_connect.channel import AmazonConnectChannel
from services.gateway.channels.app_store import AppStoreChannel
from services.gateway.channels.chatwoot import ChatwootChannel
from services.gateway.channels.discourse import DiscourseChannel
from services.gateway.channels.douyin import DouyinChannel
from services.gateway.channels.feed import FeedChannel
from services.gateway.channels.first_party import FirstPartyChannel
from services.gateway.channels.freeswitch import FreeswitchChannel
from services.gateway.channels.google_play import GooglePlayChannel
from services.gateway.channels.instagram import InstagramChannel
from services.gateway.channels.line import LineChannel
from services.gateway.channels.mail import MailChannel
from services.gateway.channels.mastodon import MastodonChannel
from services.gateway.channels.messenger import MessengerChannel
from services.gateway.channels.slack.channel import SlackChannel
from services.gateway.channels.syndication import SyndicationChannel
from services.gateway.channels.telegram import TelegramChannel
from services.gateway.channels.twilio.channel import TwilioChannel
from services.gateway.channels.web_chat import WebChatChannel
from services.gateway.channels.wechat_official_account import WechatOfficialAccountChannel
from services.gateway.channels.wecom import WecomChannel
from services.gateway.channels.weibo import WeiboChannel
from services.gateway.channels.whatsapp import WhatsAppChannel
from services.gateway.channels.x.channel import XChannel
from services.gateway.channels.zammad import ZammadChannel
from services.gateway.channels.zendesk import ZendeskChannel
from services.gateway.domain.channel import Channel

CHANNELS: tuple[Channel, ...] = (
    ZammadChannel(),
    ChatwootChannel(),
    ZendeskChannel(),
    FreeswitchChannel(),
    AmazonConnectChannel(),
    TwilioChannel(),
    FirstPartyChannel(),
    TelegramChannel(),
    LineChannel(),
    SlackChannel(),
    XChannel(),
    WhatsAppChannel(),
    MessengerChannel(),
    InstagramChannel(),
    WebChatChannel(),
    WechatOfficialAccountChannel(),
    WecomChannel(),
    WeiboChannel(),
    DouyinChannel(),
    MailChannel(),
    AppStoreChannel(),
    DiscourseChannel(),
    FeedChannel(),
    GooglePlayChannel(),
    MastodonChannel(),
    SyndicationChannel(),
)
