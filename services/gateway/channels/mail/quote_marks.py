"""How mail programs of many languages mark what is not the author's own text."""

from __future__ import annotations

import re

# Verbs of "On …, X wrote:".
_WROTE = (
    r"wrote|writes|said|schrieb|schreibt|geschrieben|a\s{1,3}écrit|écrit|escribió|escribio|"
    r"escreveu|ha\s{1,3}scritto|scrive|schreef|geschreven|skrev|skreiv|kirjoitti|"
    r"napsala?|napsal\(a\)|napísala?|napisała?|napisał\(a\)|napisao|napisala|írta|a\s{1,3}scris|"
    r"написала?|пишет|писала?|написал\(а\)|έγραψε|yazdı|şunları\s{1,3}yazdı|viết|menulis|"
    r"va\s{1,3}escriure|idatzi|rašė|rakstīja|kirjutas|skrifaði|"
    r"כתב|כתבה|מאת|كتب|写道|寫道|写到|撰写|来信|のメッセージ|は書きました|さんは書|님이\s{0,3}작성|"
    r"님이\s{0,3}쓴|เขียน"
)
ATTRIBUTION = re.compile(rf"(?:{_WROTE})[^\n]{{0,120}}?\s{{0,3}}[:：]\s{{0,3}}$", re.IGNORECASE)
# "On …, X wrote" without a colon, as some programs frame it: "---- On … wrote ----".
FRAMED = re.compile(
    rf"^[\s>-]{{0,10}}(?:On|At|Am|Le|El|Op|Il|Em)\s[^\n]{{5,300}}\s(?:{_WROTE})[\s.>-]{{0,10}}$"
    rf"|^-{{2,10}}\s[^\n]{{1,80}}\s(?:{_WROTE})\s?-{{2,10}}$"
    r"|^Posted by [^\n]{1,80} on \d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}$",
    re.IGNORECASE,
)
# Beginning with a date and ending with an address needs no verb ("2016年1月5日(火) 10:00 …:").
DATED = re.compile(
    r"^(?:[^\n]{0,10}\d{1,4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,4}[^\n]{0,200}@[^\n]{1,150}>?"
    r"|[^\n]{0,40}\b(?:19|20)\d\d\b[^\n]{1,120}<[^<>@\n]{1,100}@[^<>@\n]{1,100}>)[:：]?\s{0,3}$"
)
# What an attribution of several lines begins with.
OPENING = re.compile(
    r"^(?:On|Am|Le|El|Il|Op|Den|Em|A|W|Dnia|Dne|Dňa|Pada|Vào|Il giorno|Em|Pe|În|La|På|Kl|"
    r"Quoting|At|Vid|Dana|U|в|В|На|Στις|בתאריך|ב-|في|在|于|ส)[\s\d,]",
)
# Where it begins within a line, behind the author's own words.
OPENING_WITHIN = re.compile(r"(?<=[\s-])(?:On|Am|Le|El|Op|Il)\s(?=[^\n]{0,20}\d)")
DATE_FIRST = re.compile(r"^\d{1,4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,4}\D")
_DAY_AND_TIME = re.compile(r"\b(?:19|20)\d\d\b[^\n]{0,20}\b\d{1,2}[.:]\d{2}\b")
# One of these begins an attribution of several lines.
OPENINGS = (OPENING, DATE_FIRST, _DAY_AND_TIME)
# A verbless line before quoted ones introduces them if it tells a day, a time or an address.
TELLS_DAY_OR_WHO = re.compile(
    r"\d{1,4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,4}|\b\d{1,2}:\d{2}\b|\b(?:19|20)\d\d\b|\S@\S|<\S"
)
TELLS_WHEN_OR_WHO = re.compile(r"\d|@|<")
FULL_DATE = re.compile(r"\d{1,4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,4}")
TELLS_WHO = re.compile(r"@|<|＜")

# Everything below is an older mail.
SEPARATOR = re.compile(
    r"^[\s*]{0,5}(?:"
    r"[-_=*~]{2,60}\s{0,5}(?:(?:Start of |Begin |End of )?(?:Original|Forwarded?|Forward|Reply|"
    r"Antwort|Weitergeleitete|Ursprüngliche|Originale?|Oprindelig|Opprinnelig|Ursprungligt?|Vidarebefordrat|"
    r"Videresendt|Alkuperäinen|Doorgestuurd|Oorspronkelijk|Mensaje|Mensagem|Messaggio|Message|"
    r"Courriel|E-?mail|Wiadomość|Původní|Pôvodná|Eredeti|Továbbított|Пересылаемое|Исходное|"
    r"Пересланное|Исходно[ей]|Orijinal|İletilen|Mesaj|Pesan)[^\n\d@]{0,60}|"
    r"原始邮件|原始郵件|原邮件|转发邮件信息|转发的邮件|轉寄郵件|回复的原邮件|Original|"
    r"元のメッセージ|転送メッセージ|転送メール|원본\s?메(?:시지|일)|전달된\s?메(?:시지|일))"
    r"[^\n]{0,20}?\s{0,5}[-_=*~]{2,60}|"
    r"(?:Forwarded message(?=\s{0,3}:)|Begin forwarded message|"
    r"Anfang der weitergeleiteten (?:Nachricht|E-Mail)|"
    r"Début du message (?:réexpédié|transféré)|Inicio del mensaje reenviado|"
    r"Início da mensagem (?:reencaminhada|encaminhada)|Inizio messaggio inoltrato|"
    r"Begin doorgestuurd bericht|Start på vidarebefordrat brev|"
    r"Videresendt (?:besked|melding)|下面是被转发的邮件|以下是被转发的邮件|以下為轉寄信件|"
    r"Начало переадресованного сообщения|転送されたメッセージ|전달된 메시지)\s{0,3}[:：]?|"
    r"(?:-{4,60}|_{4,60})\s{0,3}(?:Reply|Fwd?|Re)\b[^\n]{0,60}"
    r")[\s*]{0,5}$",
    re.IGNORECASE,
)
# Helpdesks' marks: what stands below repeats earlier messages.
REPLY_ABOVE = re.compile(
    r"(?:(?:type|write|enter|add) your (?:reply|response|answer) above|"
    r"reply above this line|please reply above|do not (?:write|type) below this line|"
    r"(?:Antwort|antworten)[^\n]{0,30}(?:oberhalb|über)[^\n]{0,20}(?:Linie|Zeile)|"
    r"répondre au[- ]dessus de cette ligne|escriba su respuesta por encima|"
    r"请在此行(?:上方|以上)回复)|^[*_\s]{0,5}(?:Previous Replies|Vorherige Antworten)[*_\s:]{0,5}$",
    re.IGNORECASE,
)

# The labels of a repeated header block.
_FROM = (
    "from|von|de|da|van|från|fra|lähettäjä|od|от|от кого|отправитель|发件人|寄件者|寄件人|發件人|"
    "差出人|送信元|送信者|보낸 사람|보낸사람|보낸이|kimden|gönderen|feladó|expeditor|από|מאת|من|"
    "จาก|từ|dari|expéditeur|remitente|remetente|mittente|afzender|absender|отправлено от"
)
_OTHERS = (
    "sent|date|to|cc|bcc|subject|reply-to|reply to|organization|attachments|importance|"
    "gesendet|gesendet am|datum|an|kopie|betreff|antwort an|"
    "envoyé|envoyé le|à|objet|copie|répondre à|"
    "enviado|enviado el|enviada em|enviado em|fecha|data|para|asunto|assunto|"
    "inviato|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne|kopia|sendt|til|emne|dato|"
    "lähetetty|vastaanottaja|aihe|päivämäärä|odesláno|komu|předmět|odoslané|predmet|"
    "wysłano|wysłane|do|temat|dw|отправлено|дата|кому|тема|копия|"
    "发送时间|发送日期|日期|时间|收件人|抄送|主题|寄件日期|傳送日期|收件者|副本|主旨|"
    "送信日時|日時|送信日|宛先|件名|보낸 날짜|보낸날짜|날짜|받는 사람|받는사람|참조|제목|"
    "gönderildi|tarih|kime|konu|bilgi|elküldve|dátum|címzett|tárgy|trimis|către|subiect|"
    "στάλθηκε|προς|θέμα|ημερομηνία|נשלח|אל|נושא|תאריך|إلى|الموضوع|التاريخ|đến|chủ đề|ngày|"
    "kepada|perihal|tanggal|ถึง|เรื่อง|วันที่"
)
FROM_LABEL = re.compile(rf"^[\s*>|]{{0,10}}(?:{_FROM})\*?\s{{0,3}}[:：]\*?(?:\s|\S)", re.IGNORECASE)
LABEL = re.compile(rf"^[\s*>|]{{0,10}}(?:{_FROM}|{_OTHERS})\*?\s{{0,3}}[:：]", re.IGNORECASE)
# All labels in one line, as some programs put them.
LABEL_WITHIN = re.compile(r"(?:^|\s)(From|To|Sent|Date|Subject|Cc|Reply-To): ")
RULE = re.compile(r"^\s{0,5}[-_*=]{3,100}\s{0,5}$")

QUOTED_LINE = re.compile(r"^\s{0,3}[>＞]")
QUOTE_PREFIX = re.compile(r"^(?:\s{0,3}[>＞] ?)+")

SIGNATURE = re.compile(r"^\s{0,3}(?:--|—|––|__)\s{0,3}$")
_DEVICE = (
    r"i\s?phone|i\s?pad|i\s?pod|ios|android|blackberry|samsung|galaxy|huawei|honor|xiaomi|redmi|"
    r"oppo|vivo|mobile|mobil\w{0,20}|cell|phone|smartphone|handy|tablet|outlook|"
    r"windows (?:mail|phone|mobile|\d{1,2})|"
    r"mail(?:box)?\b|yahoo|gmail|airmail|nokia|htc|sony|lg|pixel|nexus|proton\w{0,10}|aol|mail\.ru|"
    r"foxmail|spark|hey|zoho|thunderbird|portable|téléphone|móvil|celular|cellulare|telefon\w{0,4}|"
    r"手机|手機|郵箱|邮箱|ti-\d\d"
)
MOBILE = re.compile(
    r"^[\s<(\[*_-]{0,6}(?:"
    r"(?:\w{1,20} )?(?:sent|posted|written|typed) (?:from|via|with|by|using|on)\b"
    rf"[^\n]{{0,30}}(?:{_DEVICE})"
    r"|sent from my \S|sent from a phone|sent via mobile|\w{1,20} from mobile$|från min \S"
    r"|(?-i:Sent (?:from|via|with|using) [A-Z])[\w .]{0,30}(?:<|$)|provenance : courrier pour"
    rf"|(?:from|on) my (?:{_DEVICE})|get (?:the )?(?:outlook|boxbe|bluemail|spike)\b|"
    rf"(?:gesendet|verschickt|geschrieben) (?:von|mit|über)\b[^\n]{{0,40}}(?:{_DEVICE})|"
    r"(?:von|diese nachricht wurde von) mein\w{0,3} [^\n]{1,60} gesendet|"
    r"holen sie sich outlook|outlook für |"
    rf"(?:envoyé|envoyée|écrit) (?:de|depuis|à partir|avec|via)\b[^\n]{{0,40}}|"
    r"(?:obtenez|télécharger) outlook|"
    rf"enviado (?:desde|do|a partir|pelo|con|via|de)\b[^\n]{{0,60}}|obtén outlook|obter o outlook|"
    rf"inviato (?:da|dal|con|tramite)\b[^\n]{{0,60}}|scarica outlook|ottieni outlook|"
    rf"(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via)\b[^\n]{{0,60}}|"
    r"download outlook|outlook voor |"
    rf"skickat från\b[^\n]{{0,60}}|sendt fra\b[^\n]{{0,60}}|lähetetty\b[^\n]{{0,60}}|"
    rf"wysłan[oe] z\b[^\n]{{0,60}}|odesláno z\b[^\n]{{0,60}}|отправлено (?:с|из)\b[^\n]{{0,60}}|"
    rf"\S{{0,20}}['’]?(?:den|dan|ımdan|imden|umdan) gönderildi|"
    r"(?:发自|發自|从我的|從我的|來自|寄自)[^\n]{1,40}|[^\n]{0,20}から送信|"
    r"나의 [^\n]{1,30}에서 보냄|"
    r"내 [^\n]{1,30}에서 보냄|נשלח מ[^\n]{1,40}|أُ?رسلت? من[^\n]{1,40}"
    r")[^\n]{0,120}$",
    re.IGNORECASE,
)
LONGEST_MOBILE = 200

CLOSING = re.compile(
    r"^\s{0,3}(?:(?:(?:with )?(?:kind(?:est)?|best|warm(?:est)?|many)? ?regards|best(?: wishes)?|"
    r"sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|cheers|"
    r"mit (?:freundlichen|besten|lieben|herzlichen) gr(?:ü|ue)(?:ß|ss)en|mfg|"
    r"(?:freundliche|beste|viele|liebe|schöne|herzliche) gr(?:ü|ue)(?:ß|ss)e|"
    r"(?:bien )?cordialement|(?:sincères|meilleures) salutations|bien à vous|"
    r"(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|atenciosamente|cumprimentos|"
    r"(?:cordiali|distinti) saluti|met vriendelijke groet(?:en)?|"
    r"med v(?:ä|e)nliga? h(?:ä|i)ls(?:ningar|en)|mvh|z poważaniem|pozdrawiam|s pozdravem|"
    r"с уважением|此致|敬礼|祝好|顺祝商祺|以上、?よろしくお願い(?:いた)?します)"
    r"(?: (?:from|aus|de|von) \S{1,30}){0,1})\s{0,3}[,.!，。]?\s{0,3}$",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"\+?\d[\d\s()./-]{6,}\d|[\w.+-]{1,64}@[\w-]{1,63}\.|https?://|\bwww\.|"
    r"\b(?:tel|phone|fax|mobil(?:e)?|cell|telefon)\b\s{0,3}[:.]|\b(?:GmbH|Ltd|Inc|LLC|AG|S\.?A\.?|B\.V\.)\b",
    re.IGNORECASE,
)

# What servers put below: a list's footer after a rule, a company's notice.
FOOTER_RULE = re.compile(r"^\s{0,3}[-_=]{10,100}\s{0,3}$")
LIST_FOOTER = re.compile(
    r"mailing[- ]list|/listinfo/|unsubscribe|to post to this|abmelden|désabonner|退订|取消订阅",
    re.IGNORECASE,
)
NOTICE = re.compile(
    r"^\W{0,5}(?:this (?:e-?mail|message|communication|transmission)\b[^\n]{0,150}"
    r"\b(?:confidential|intended|privileged)|confidentiality (?:notice|note|warning)|"
    r"disclaimer\s{0,3}:|the information (?:contained )?in this (?:e-?mail|message)\b|"
    r"diese (?:e-?mail|nachricht|information)\b[^\n]{0,150}\b(?:vertraulich|bestimmt)|"
    r"ce (?:message|courriel|mail)\b[^\n]{0,150}\bconfidenti|"
    r"este (?:mensaje|correo|e-?mail)\b[^\n]{0,150}\bconfiden|免责声明|保密声明|本邮件及其)",
    re.IGNORECASE,
)
