"""Elements and names in HTML mail: what breaks lines, what is unseen, what marks older mails."""

from __future__ import annotations

import re

# fmt: off
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt",
    "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "table", "tbody",
    "tfoot", "thead", "tr", "ul",
))
SPACED = frozenset((
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table", "pre",
))
VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr", "keygen",
))
UNSEEN = frozenset(("head", "style", "script", "template", "noscript", "object", "select"))
# fmt: on
HIDDEN = re.compile(r"display\s{0,5}:\s{0,5}none|mso-hide\s{0,5}:\s{0,5}all", re.IGNORECASE)
INDENTED = re.compile(r"border:\s{0,5}(?:none|0)|webkit-indent", re.IGNORECASE)
QUOTE_CLASS = re.compile(
    r"(?:^|\s)(?:[a-z0-9]{0,20}_)?(?:yahoo_quoted|protonmail_quote|tutanota_quote|moz-cite-prefix|"
    r"gmail_attr|domino-section|zmail_extra|moz-email-headers-table|moz-forward-container|quoted_reply|"
    r"ms-outlook-mobile-reference-message)(?:\s|$)",
    re.IGNORECASE,
)
QUOTE_ID = re.compile(
    r"^(?:ymail_android_quoted|ydp[0-9a-z]{1,30}yahoo_quoted_\d{1,30}|yahoo_quoted_\d{1,30}|"
    r"isreplycontent|olk_src_body_section|spm_quoted)$",
    re.IGNORECASE,
)
# From these on, all is quoted: they are no containers.
ORIGINAL_ID = re.compile(
    r"^(?:x_){0,5}(?:divrplyfwdmsg|appendonsend|mail-editor-reference-message-container|"
    r"replysplit|stopspelling|reply-intro)$",
    re.IGNORECASE,
)
SIGNATURE_MARK = re.compile(
    r"(?:^|\s)(?:[a-z0-9]{0,20}_)?(?:gmail_signature|moz-signature|signature|applemailsignature|"
    r"protonmail_signature_block|protonmail_signature_block-user|ms-outlook-mobile-signature|"
    r"ms-outlook-ios-signature|js-signature)(?:\s|$)",
    re.IGNORECASE,
)
