"""All senders, one a channel that can be answered."""

from __future__ import annotations

from services.gateway.senders.app_store import AppStoreSender
from services.gateway.senders.discourse import DiscourseSender
from services.gateway.senders.douyin import DouyinSender
from services.gateway.senders.google_play import GooglePlaySender
from services.gateway.senders.instagram import InstagramSender
from services.gateway.senders.line import LineSender
from services.gateway.senders.mail import MailSender
from services.gateway.senders.mastodon import MastodonSender
from services.gateway.senders.messenger import MessengerSender
from services.gateway.senders.sender import Sender
from services.gateway.senders.slack import SlackSender
from services.gateway.senders.telegram import TelegramSender
from services.gateway.senders.twilio import TwilioSender
from services.gateway.senders.web_chat import WebChatSender
from services.gateway.senders.wechat_official_account import WechatOfficialAccountSender
from services.gateway.senders.wecom import WecomSender
from services.gateway.senders.weibo import WeiboSender
from services.gateway.senders.whatsapp import WhatsAppSender
from services.gateway.senders.x.sender import XSender

SENDERS: tuple[Sender, ...] = (
    TwilioSender(),
    TelegramSender(),
    LineSender(),
    SlackSender(),
    XSender(),
    WhatsAppSender(),
    MessengerSender(),
    InstagramSender(),
    DouyinSender(),
    WebChatSender(),
    WechatOfficialAccountSender(),
    WecomSender(),
    WeiboSender(),
    MailSender(),
    AppStoreSender(),
    DiscourseSender(),
    GooglePlaySender(),
    MastodonSender(),
)
