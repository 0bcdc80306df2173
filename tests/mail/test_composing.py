"""A letter on the line: what comes out is what went in, whatever it says, and no line of its head is broken."""

from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.mail.composing import PostOffice, composed, whole_text
from tests.make import NOON

OFFICE = PostOffice("file:x", "The Läntern <letters@example.org>", "members.example.org", "a secret")
STOP = "https://members.example.org/letters/stop/" + "WzEyMzQ1LCJi" * 9
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n=.é"), max_size=300)


def letter(**values):
    usual = {"id": 7, "address": "ada@example.org", "language": "en", "written_at": NOON, "stop_address": STOP,
             "mailing_id": 1, "text": "", "subject": "The quay"}  # fmt: skip
    return SimpleNamespace(**(usual | values))


def read(letter, shared=None):
    raw = composed(letter, OFFICE, shared)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")) and raw.replace(b"\r\n", b"").find(b"\n") == -1
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert all(len(line) <= 76 for line in body.split(b"\r\n") if not line.startswith((b"Content-", b"--=_")))
    message = message_from_bytes(raw, policy=policy.default)
    plain, html = (part.get_content() for part in message.iter_parts())
    return raw, message, plain, html


@given(text=WORDS, subject=WORDS)
def test_what_is_read_is_what_was_written(text, subject):
    subject = " ".join(subject.split()) or "x"
    one = letter(text=f"{text}\n", subject=subject)
    _, message, plain, _ = read(one)
    assert plain.replace("\r\n", "\n").rstrip("\n") == f"{text}\n".rstrip("\n")
    assert " ".join(message["Subject"].split()) == subject


@given(text=WORDS)
def test_what_is_shared_is_read_by_everybody_with_their_own_way_out(text):
    shared = SimpleNamespace(subject="Neues vom Käi", text=f"{text}\n", html=f"<p>{text}</p>", stop_words="Nicht mehr:")
    one = letter()
    _, message, plain, html = read(one, shared)
    assert plain.replace("\r\n", "\n").rstrip("\n") == whole_text(one, shared).rstrip("\n")
    assert f'<a href="{STOP}">' in html and f"<p>{text}</p>" in html.replace("\r\n", "\n")
    assert message["Subject"] == "Neues vom Käi" and message["From"] == "The Läntern <letters@example.org>"


def test_the_way_out_stands_whole_in_the_head():
    raw, message, _, _ = read(letter(text="x"))
    assert f"List-Unsubscribe: <{STOP}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode() in raw
    assert message["To"] == "ada@example.org" and message["Message-ID"] == f"<{OFFICE.name_of(7)}@members.example.org>"


@pytest.mark.parametrize("address", ["ada@example.org\r\nBcc: all@example.org", "ada @example.org", "\nada@example.org"])
def test_an_address_cannot_add_a_line_to_the_head(address):
    with pytest.raises(ValueError, match="a line of the head"):
        composed(letter(address=address, text="x"), OFFICE, None)


def test_a_subject_cannot_either():
    _, message, _, _ = read(letter(text="x", subject="The quay\r\nBcc: all@example.org"))
    assert message["Bcc"] is None and message["Subject"] == "The quay Bcc: all@example.org"
