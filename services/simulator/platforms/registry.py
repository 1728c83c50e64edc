"""All imitated platforms. A new one is a module beside this and a line here."""

from __future__ import annotations

from services.simulator.platforms.app_store import AppStoreSandbox
from services.simulator.platforms.discourse import DiscourseSandbox
from services.simulator.platforms.douyin import DouyinSandbox
from services.simulator.platforms.google_play import GooglePlaySandbox
from services.simulator.platforms.instagram import InstagramSandbox
from services.simulator.platforms.line import LineSandbox
from services.simulator.platforms.mail import MailSandbox
from services.simulator.platforms.mastodon import MastodonSandbox
from services.simulator.platforms.messenger import MessengerSandbox
from services.simulator.platforms.platform import Sandbox
from services.simulator.platforms.slack import SlackSandbox
from services.simulator.platforms.telegram import TelegramSandbox
from services.simulator.platforms.twilio import TwilioSandbox
from services.simulator.platforms.wechat_official_account import WechatOfficialAccountSandbox
from services.simulator.platforms.wecom import WecomSandbox
from services.simulator.platforms.weibo import WeiboSandbox
from services.simulator.platforms.whatsapp import WhatsAppSandbox
from services.simulator.platforms.x import XSandbox

SANDBOXES: tuple[Sandbox, ...] = (
    TwilioSandbox(),
    TelegramSandbox(),
    LineSandbox(),
    SlackSandbox(),
    XSandbox(),
    WhatsAppSandbox(),
    MessengerSandbox(),
    InstagramSandbox(),
    WechatOfficialAccountSandbox(),
    WecomSandbox(),
    WeiboSandbox(),
    DouyinSandbox(),
    MailSandbox(),
    AppStoreSandbox(),
    DiscourseSandbox(),
    GooglePlaySandbox(),
    MastodonSandbox(),
)
