"""A letter as it goes out: its head, its text, and the HTML made of the same text.

The Message-ID is made from the letter's row, so that a letter sent twice (a crash between the server's "250" and our
commit) can be recognised as one by mail software. It carries a mark that only we can make: a report about a letter that
names it comes from somebody who saw it.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr

from markupsafe import Markup, escape

from membership.mail.models import Letter, MailingText

_MARK = 16


@dataclass(frozen=True)
class PostOffice:
    """Where letters go. `url` is SMTP_URL, `sender` MAIL_FROM, `host` the name in Message-IDs, `secret` the house's."""

    url: str
    sender: str
    host: str
    secret: str

    @property
    def sender_address(self) -> str:
        """Whom servers report to: MAIL_FROM without the name."""
        return parseaddr(self.sender)[1]

    def name_of(self, letter_id: int) -> str:
        """A letter's name before the `@` of its Message-ID, and its envelope's (RFC 3461)."""
        mark = hmac.digest(self.secret.encode(), f"letter {letter_id}".encode(), "sha256").hex()[:_MARK]
        return f"letter-{letter_id}.{mark}"

    def letter_named(self, name: str) -> int | None:
        """The number of the letter that was given this name by us; None for any other."""
        match = re.fullmatch(r"letter-([1-9]\d{0,17})\.([0-9a-f]+)", name, re.ASCII)
        if match is None or not hmac.compare_digest(name, self.name_of(int(match[1]))):
            return None
        return int(match[1])


def message(letter: Letter, office: PostOffice, shared: MailingText | None) -> EmailMessage:
    """The letter with its head; `shared` is what its mailing says in its language, if that is kept once for all."""
    made = EmailMessage(policy=SMTP)
    made["Message-ID"] = f"<{office.name_of(letter.id)}@{office.host}>"
    made["From"] = office.sender if "<" in office.sender else formataddr(("", office.sender))
    made["To"] = with_ascii_domain(letter.address)
    made["Subject"] = shared.subject if shared else letter.subject
    made["Date"] = format_datetime(letter.written_at)
    made["Auto-Submitted"] = "auto-generated"
    if letter.stop_address:  # RFC 8058: the mail program's own button
        made["List-Unsubscribe"] = f"<{letter.stop_address}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.mailing_id is not None:
        made["Precedence"] = "bulk"  # no answer from somebody's holiday
    made.set_content(whole_text(letter, shared))
    made.add_alternative(whole_html(letter, shared), subtype="html")
    return made


def whole_text(letter: Letter, shared: MailingText | None) -> str:
    """What the letter says, and where it can be stopped."""
    if shared is None:
        return letter.text
    return f"{shared.text}\n{shared.stop_words} {letter.stop_address}\n" if letter.stop_address else shared.text


def whole_html(letter: Letter, shared: MailingText | None) -> str:
    """The same as HTML."""
    if shared is None:
        return html_of(letter.text, letter.language)
    foot = Markup('<p style="margin:16px 0 0;font-size:14px">{} <a href="{}">{}</a></p>')
    stop = foot.format(shared.stop_words, letter.stop_address, letter.stop_address) if letter.stop_address else ""
    return sheet(shared.html + str(stop), letter.language)  # as plain text: Markup would escape what stands before it


def with_ascii_domain(address: str) -> str:
    """The address with its domain in IDNA: a server without SMTPUTF8 takes no other."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


_LINK = re.compile(r"https?://[^\s<>]+")


def html_of(text: str, language: str) -> str:
    """The text as quiet HTML: its paragraphs, its links; a link that stands alone on its line becomes a button."""
    return sheet(inside(text), language)


def inside(text: str) -> str:
    """The same without the sheet around it."""
    button = (
        '<p style="margin:24px 0"><a href="{0}" style="background:#9a3324;color:#fff;padding:12px 20px;'
        'border-radius:6px;text-decoration:none;display:inline-block">{0}</a></p>'
    )
    paragraphs = []
    for block in text.strip().split("\n\n"):
        if _LINK.fullmatch(block.strip()):
            paragraphs.append(button.format(escape(block.strip())))
        else:
            linked = _LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', str(escape(block)))
            paragraphs.append(f'<p style="margin:0 0 16px">{linked.replace(chr(10), "<br>")}</p>')
    return "".join(paragraphs)


def sheet(body: str, language: str) -> str:
    """The page that a letter is written on. `body` must be clean HTML."""
    return Markup(  # noqa: S704 - what comes in is escaped or cleaned
        f'<!doctype html><html lang="{language}"><body style="margin:0;padding:24px;background:#fdfbf7;color:#221e1a;'
        f'font:17px/1.6 Georgia,serif"><div style="max-width:560px;margin:0 auto">{body}</div></body></html>'
    )
