"""Mail: what a mailbox or a mail server hands over, and raw mails that are pushed.

Whoever pushes one signs it by Standard Webhooks; the body is the mail as it went over the wire.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from services.gateway.channels import standard_webhooks
from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.mail import automatic, reading
from services.gateway.channels.mail.settings import MailSettings, check
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import IncomingEvent

# Ours alone: what stands in a request under this name is thrown away.
RULES_HEADER = "careline-mail-rules"


class MailChannel(PlatformChannel):
    """``POST /v1/mail/{organisation}/{account}`` with a raw mail; see ``sources`` for the rest."""

    kind = reading.KIND
    path = "/v1/mail"
    settings = MailSettings
    # A mail is written by anybody: what is not understood is kept, not sent back.
    strict = False
    accepted = None

    def check(self, settings: MailSettings) -> None:
        check(settings)

    def verify(
        self, request: InboundRequest, settings: MailSettings, now_us: int
    ) -> InboundRequest:
        standard_webhooks.verify(request, settings.secrets, now_us)
        return replace(request, headers={**request.headers, RULES_HEADER: _written(settings.rules)})

    def parse(self, request: InboundRequest) -> Sequence[IncomingEvent]:
        return reading.read(request.body, _rules(request.headers.get(RULES_HEADER, "")))


def _written(rules: reading.Rules) -> str:
    verdicts = rules.verdicts
    return json.dumps(
        [
            rules.own_addresses,
            verdicts.spam_headers,
            verdicts.dmarc_fail_is_spam,
            verdicts.authority,
        ]
    )


def _rules(text: str) -> reading.Rules:
    """Read what ``verify`` wrote; a mail from a file has none."""
    if not text:
        return reading.Rules()
    own, spam_headers, dmarc_fail_is_spam, authority = json.loads(text)
    return reading.Rules(
        tuple(own), automatic.Verdicts(spam_headers, dmarc_fail_is_spam, authority)
    )
