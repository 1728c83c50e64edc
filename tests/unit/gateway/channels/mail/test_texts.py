"""Telling the author's own words from the rest, in plain text and in HTML."""

from __future__ import annotations

import pytest

from services.gateway.channels.mail import html_text, quoting

INTRODUCTIONS = [
    "On Fri, Jan 15, 2016 at 11:12 AM, Ann Bee <ann@x.example> wrote:",
    "On Fri, Jan 15, 2016 at 11:12 AM, Ann With A Very Long Name\n<ann@x.example> wrote:",
    "Le lun. 4 mai 2020 à 10:00, Aide <aide@x.example> a écrit :",
    "Am Mo., 4. Mai 2020 um 10:00 Uhr schrieb Hilfe <h@x.example>:",
    "El lun., 4 may. 2020 a las 10:00, Ayuda (<a@x.example>) escribió:",
    "Em seg., 4 de mai. de 2020 às 10:00, Ajuda <a@x.example> escreveu:",
    "Il giorno lun 4 mag 2020 alle ore 10:00 Aiuto <a@x.example> ha scritto:",
    "Op ma 4 mei 2020 om 10:00 schreef Hulp <h@x.example>:",
    "Den mån 4 maj 2020 kl 10:00 skrev Hjälp <h@x.example>:",
    "pon., 4 maj 2020 o 10:00 Pomoc <p@x.example> napisał(a):",
    "4 мая 2020 г., 10:00 пользователь Поддержка <h@x.example> написал:",
    "客服 <help@x.example> 于2020年5月4日周一 上午10:00写道：",
    "在 2020年5月4日，上午10:00，客服 <help@x.example> 写道：",
    "2020年5月4日(月) 10:00 サポート <help@x.example>:",
    "2020년 5월 4일 (월) 오전 10:00, 고객센터 <h@x.example>님이 작성:",
    "Op 4-mei-2020, om 10:00 heeft Hulp <h@x.example> het volgende geschreven:",
    '04.05.2020 10:00 пользователь "Поддержка" <\nhelp@x.example> написал:',
    "2020-05-04 10:00 GMT+02:00 Help <\nhelp@x.example>:",
    "---- Help wrote ----",
    "ma 4. toukokuuta 2020 klo 10.00 Apu\n<h@x.example> kirjoitti:",
    "\u202bבתאריך יום ב׳, 4 במאי 2020 ב-10:00 מאת \u202aעזרה\u202c <h@x.example>:\u202c",
]
OLDER_MAILS = [
    "-----Original Message-----\nFrom: Help\n\nOld",
    "---Original Message---\nOld",
    "-----Ursprüngliche Nachricht-----\nVon: Hilfe\n\nOld",
    "---------- Forwarded message ---------\nFrom: X <x@y.example>\nSubject: S\n\nOld",
    "Begin forwarded message:\n\nOld",
    "Forwarded message:\n\nFrom: Help\nSubject: S\n\nOld",
    "-----Antwort Nachricht-----\n\nOld",
    "---\n*Previous Replies*\n\nOld",
    "------------------ 原始邮件 ------------------\n发件人: 客服\n\nOld",
    "________________________________\nFrom: Help\nSent: Monday\nTo: Tom\nSubject: Q\n\nOld",
    "*From:* Help <h@x.example>\n*Sent:* Monday\n*To:* Tom\n*Subject:* Q\n\nOld",
    "Date: Mon, 4 May 2020 10:00 From: Help <h@x.example> To: Tom Subject: Q\n\nOld",
    "Von: Hilfe\nGesendet: Montag\nAn: Tom\nBetreff: Frage\n\nOld",
    "De : Aide\nEnvoyé : lundi\nÀ : Tom\nObjet : Question\n\nOld",
    "发件人：客服\n发送时间：2020年5月4日\n收件人：王\n主题：回复\n\nOld",
    "差出人: サポート\n送信日時: 2020年5月4日\n宛先: 田中\n件名: 質問\n\nOld",
    "##- Please type your reply above this line -##\n\nOld",
]
MOBILE = [
    "Sent from my iPhone",
    "Sent from Yahoo Mail on Android",
    "Get Outlook for iOS<https://x.example/ios>",
    "Von meinem Mobilgerät gesendet",
    "Gesendet von Mail für Windows 10",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "发自我的iPhone",
    "從我的 iPhone 傳送",
    "iPhoneから送信",
    "나의 iPhone에서 보냄",
    "Отправлено с iPhone",
    "--Sent from my iPhone",
    "Sent from Canary Post <https://x.example/app>",
    "Provenance : Courrier pour Windows 10",
]

PAGES = [
    (
        '<p>My answer.</p><div class="domino-section"><span>Help --- Order --- </span>'
        "<div><table><tr><td>Von:</td><td>Help</td></tr></table>Old</div></div>"
    ),
    (
        '<div>My answer.</div><div class="gmail_quote"><div class="gmail_attr">On 4 May 2020 Help '
        'wrote:</div><blockquote class="gmail_quote">Old</blockquote></div>'
    ),
    '<p>My answer.</p><div id="divRplyFwdMsg"><b>From:</b> Help</div><div>Old</div>',
    '<p>My answer.</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">x</div>Old',
    (
        '<p>My answer.</p><div style="border-top:solid 1pt"><p><b>From:</b> Help<br><b>Sent:</b> '
        "Monday<br><b>To:</b> Tom<br><b>Subject:</b> Q</p></div><p>Old</p>"
    ),
    '<div>My answer.</div><blockquote type="cite"><div>Old</div></blockquote>',
    '<div>My answer.</div><div id="ydp1yahoo_quoted_99" class="ydp1yahoo_quoted">Old</div>',
    '<div>My answer.</div><div class="protonmail_quote">On 4 May Help wrote:<br>Old</div>',
    (
        '<p>My answer.</p><div class="moz-cite-prefix">On 04.05.20, Help wrote:</div>'
        '<blockquote type="cite"><pre>Old</pre></blockquote>'
    ),
    "<div>My answer.</div><div>--------------&nbsp;原始邮件&nbsp;--------------</div>Old",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("old", ["> Old\n> text", "Old text"])
def test_what_an_introduction_introduces_is_quoted(introduction: str, old: str) -> None:
    said = quoting.split(f"My answer.\n\n{introduction}\n\n{old}\n")
    assert said.text == "My answer."
    assert said.quoted.endswith("text")


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_an_answer_below_the_quote_is_kept(introduction: str) -> None:
    said = quoting.split(f"{introduction}\n> Old\n> text\n\nMy answer.\n")
    assert said.text == "My answer."


@pytest.mark.parametrize("older", OLDER_MAILS)
def test_an_older_mail_ends_the_authors_own(older: str) -> None:
    said = quoting.split(f"My answer.\n\n{older}\n")
    assert (said.text, said.quoted) == ("My answer.", older)


@pytest.mark.parametrize("older", OLDER_MAILS)
def test_an_older_mail_alone_is_what_was_sent(older: str) -> None:
    assert "Old" in quoting.split(older).text


@pytest.mark.parametrize("line", MOBILE)
def test_a_phones_line_is_a_signature(line: str) -> None:
    assert quoting.split(f"My answer.\n\n{line}\n") == quoting.Said("My answer.", "", line)


def test_an_introduction_in_the_authors_own_line_does_not_take_it_along() -> None:
    for between in (" ", "--- "):
        said = quoting.split(f"Yes, both{between}On Mon, May 4, 2020 at 10:00, Help wrote:\n> Old")
        assert said.text == "Yes, both"
        assert said.quoted == "On Mon, May 4, 2020 at 10:00, Help wrote:\n> Old"


def test_a_line_with_a_colon_and_a_number_above_a_quote_is_the_authors() -> None:
    said = quoting.split("> Which?\n\nNumber 2 :+1:\n\n> And when?\n\nOption 3:\n\n> Thanks")
    assert said.text == "Number 2 :+1:\n\nOption 3:"


def test_words_below_a_forwarded_mail_with_marks_are_the_authors() -> None:
    said = quoting.split("Look.\n\nBegin forwarded message:\n\n> From: X\n> Old\n\nWhat now?")
    assert said.text == "Look.\n\nWhat now?"


def test_a_long_block_of_contact_data_is_a_signature() -> None:
    contacts = "\n".join(["Regards", "Ann", *(f"Line {n}" for n in range(18)), "Tel: +1 555 01234"])
    said = quoting.split(f"Please call.\n\n{contacts}\nwww.x.example")
    assert said.text == "Please call."


def test_a_signature_ends_at_the_quote() -> None:
    said = quoting.split("Answer.\n-- \nBob\n> Old\nMore of mine.\n")
    assert (said.text, said.signature) == ("Answer.\n\nMore of mine.", "Bob")


def test_a_name_below_thanks_stays_and_contact_data_goes() -> None:
    assert quoting.split("Help.\n\nThanks,\nAnn").text == "Help.\n\nThanks,\nAnn"
    signed = "Help.\n\nBest regards,\nAnn\nBee Ltd.\nTel: +44 20 1234 5678"
    assert quoting.split(signed).text == "Help."


@pytest.mark.parametrize(
    "text",
    [
        "From: Ann\nEmail: ann@x.example\nSubject: Broken\nDate: today\n\nIt is broken.",
        "Points:\n- one\n-- two",
        "I wrote: nothing.\nStill nothing.",
        "-- \nonly this",
        "Sizes:\nTo: 5\nfits",
        "| a | b |\n| 1 | 2 |",
    ],
)
def test_the_authors_words_are_never_lost(text: str) -> None:
    said = quoting.split(text)
    assert "".join(said.text.split()) == "".join(text.split())


def test_a_reply_without_a_word_is_empty() -> None:
    said = quoting.split("On Fri, Jan 15, 2016, Ann <ann@x.example> wrote:\n> Old\n")
    assert (said.text, bool(said.quoted)) == ("", True)


@pytest.mark.parametrize("page", PAGES)
def test_quotes_in_html_are_told_apart(page: str) -> None:
    said = quoting.split(html_text.read(page))
    assert said.text == "My answer."
    assert said.quoted.endswith(("Old", "Old\n>"))


def test_html_reads_as_a_reader_sees_it() -> None:
    page = (
        "<html><head><title>no</title><style>p{}</style></head><body><!-- no --><p>One &amp; "
        "two<br>three</p><ul><li>a</li><li><p>b</p></li></ul><table><tr><td>x</td><td>y</td></tr>"
        "</table><div style='display:none'>no</div><![if !mso]>seen<![endif]>5 < 6<script>no()"
        "</script><img alt='😀'><img alt='logo'></body></html>"
    )
    assert html_text.read(page) == "One & two\nthree\n\n- a\n- b\n\nx y\n\nseen5 < 6😀"


def test_indented_words_and_a_page_in_one_quote_are_the_authors() -> None:
    page = '<div>See</div><blockquote style="margin:0 0 0 40px;border:none">this</blockquote>'
    assert quoting.split(html_text.read(page)).text == "See\n\nthis"
    assert quoting.split(html_text.read("<blockquote>all of it</blockquote>")).text == "all of it"


def test_answers_between_html_quotes_are_kept() -> None:
    page = (
        '<div>Top</div><div class="gmail_quote"><blockquote class="gmail_quote">q1</blockquote>'
        '<div>A1</div><blockquote class="gmail_quote">q2</blockquote><div>A2</div></div>'
    )
    assert quoting.split(html_text.read(page)).text == "Top\n\nA1\n\nA2"


def test_signatures_in_html_are_told_apart() -> None:
    page = '<div>Text</div>-- <br><div class="gmail_signature">Bob</div>'
    assert quoting.split(html_text.read(page)) == quoting.Said("Text", "", "Bob")
    page = '<div>Text</div><div id="Signature"><p>Tom</p></div>'
    assert quoting.split(html_text.read(page)) == quoting.Said("Text", "", "Tom")


@pytest.mark.parametrize(
    "introduction",
    [
        "---- On Tue, 22 Dec 2015 14:17:36 +0530 Sam <sam@x.example> wrote ----",
        "Max <m@x.example> schrieb am Fr., 28. Apr. 2017 um 11:53 Uhr:",
        "2013/10/2 Cam <c@x.example>",
        "вт, 5 янв. 2016 г. в 23:39, Егор <e@x.example>:",
        "Ann via Forum <f@x.example> wrote:",
        "Posted by ann on 01/21/2016",
        "In message <1@x.example>, Ann writes:",
        "At 6/16/2016 08:32 PM, you wrote:",
    ],
)
def test_rarer_introductions_are_known_even_where_no_marks_follow(introduction: str) -> None:
    assert quoting.split(f"My answer.\n\n{introduction}\n\nOld").text == "My answer."


@pytest.mark.parametrize(
    "line", ["As I wrote to you, these are missing:", "You said 5 days:", "Three of them:"]
)
def test_an_authors_own_list_is_not_taken_for_a_quote(line: str) -> None:
    text = f"Hello,\n\n{line}\n- a cup\n- a spoon"
    assert quoting.split(text).text == text


@pytest.mark.parametrize(
    "footer",
    [
        "_______________________________\nlist mailing list\nhttps://x.example/listinfo/list",
        "----------\nTo unsubscribe, write to list-leave@x.example",
        "This e-mail and its attachments are confidential and intended for the addressee.\nMore.",
        "Diese E-Mail ist vertraulich und nur für den Adressaten bestimmt.",
        "CONFIDENTIALITY NOTICE: the contents are privileged.",
    ],
)
def test_footers_of_lists_and_companies_are_no_text(footer: str) -> None:
    assert quoting.split(f"My answer.\n\n{footer}\n") == quoting.Said("My answer.", "", footer)


def test_a_rule_within_the_text_is_no_footer() -> None:
    text = "One\n----------\nTwo\n\nThis e-mail is about my order."
    assert quoting.split(text).text == text
