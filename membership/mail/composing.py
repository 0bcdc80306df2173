"""A letter as it goes out: its head, its text, and the HTML made of the same text.

The Message-ID is made from the letter's row, so that a letter sent twice (a crash between the server's "250" and our
commit) can be recognised as one by mail software. It carries a mark that only we can make: a report about a letter that
names it comes from somebody who saw it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.quoprimime import body_encode
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from markupsafe import Markup, escape

from membership.languages import direction
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


def composed(letter: Letter, office: PostOffice, shared: MailingText | None) -> bytes:
    """The letter as it goes over the line; `shared` is what its mailing says in its language, if that is kept once for all.

    Written by hand, because a hundred thousand letters differ in a few lines only: what they share is encoded once. No line
    of the head is folded or encoded but the two that may hold any letter: mail programs look for a whole address in
    List-Unsubscribe. Raises `ValueError` for an address that would end its line.
    """
    name, to = office.name_of(letter.id), with_ascii_domain(letter.address)
    if any(ord(character) <= 32 for character in to + (letter.stop_address or "")):
        raise ValueError("a line of the head cannot hold this")
    head = [
        f"Message-ID: <{name}@{office.host}>",
        _line("From", office.sender if "<" in office.sender else formataddr(("", office.sender))),
        f"To: {to}",
        _line("Subject", " ".join((shared.subject if shared else letter.subject).split())),
        f"Date: {format_datetime(letter.written_at)}",
        "Auto-Submitted: auto-generated",
    ]
    if letter.stop_address:  # RFC 8058: the mail program's own button
        head += [f"List-Unsubscribe: <{letter.stop_address}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    if letter.mailing_id is not None:
        head.append("Precedence: bulk")  # no answer from somebody's holiday
    head += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="=_{name}"', "", ""]
    parts = []
    for kind, said in (("plain", _text(letter, shared)), ("html", _html(letter, shared))):
        parts.append(
            f'--=_{name}\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
            + "".join(said)
            + "\r\n"
        )
    return ("\r\n".join(head) + "".join(parts) + f"--=_{name}--\r\n").encode()


@lru_cache(maxsize=64)
def _line(name: str, value: str) -> str:
    """A line of the head that may hold any letter, encoded and folded as it must be (RFC 2047)."""
    made = EmailMessage(policy=SMTP)
    made[name] = value
    return made.as_string().rstrip("\r\n")


def _printable(text: str) -> str:
    """Quoted-printable (RFC 2045, 6.7), lines ending as they do in letters."""
    return body_encode(text.encode().decode("latin-1"), maxlinelen=76, eol="\r\n")


_printable_once = lru_cache(maxsize=16)(_printable)


def _text(letter: Letter, shared: MailingText | None) -> Iterator[str]:
    """The plain text, encoded: what is shared, and what is this letter's own."""
    if shared is None:
        yield _printable(letter.text)
        return
    yield _printable_once(shared.text)
    if letter.stop_address:
        yield _printable(f"\n{shared.stop_words} {letter.stop_address}\n")


def _html(letter: Letter, shared: MailingText | None) -> Iterator[str]:
    if shared is None:
        yield _printable(html_of(letter.text, letter.language))
        return
    yield _printable_once(_begin(letter.language) + shared.html + "\n")
    yield _printable(_stop(letter, shared) + _END)


def whole_text(letter: Letter, shared: MailingText | None) -> str:
    """What the letter says, and where it can be stopped."""
    if shared is None:
        return letter.text
    return f"{shared.text}\n{shared.stop_words} {letter.stop_address}\n" if letter.stop_address else shared.text


def _stop(letter: Letter, shared: MailingText) -> str:
    if not letter.stop_address:
        return ""
    foot = Markup('<p style="margin:16px 0 0;font-size:14px">{} <a href="{}">{}</a></p>')
    return str(foot.format(shared.stop_words, letter.stop_address, letter.stop_address))


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
    return _begin(language) + inside(text) + _END


def inside(text: str) -> str:
    """The same without the page around it."""
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


def _begin(language: str) -> str:
    """The page that a letter is written on."""
    return (
        f'<!doctype html><html lang="{language.replace("_", "-")}" dir="{direction(language)}">'
        '<body style="margin:0;padding:24px;background:#fdfbf7;color:#221e1a;'
        'font:17px/1.6 Georgia,serif"><div style="max-width:560px;margin:0 auto">'
    )


_END = "</div></body></html>\n"
