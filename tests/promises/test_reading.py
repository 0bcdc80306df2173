"""Reading a story's page: title and picture when it can be read, and never a page inside somebody's network."""

import io
import socket
import time

import pytest
from PIL import Image
from werkzeug.wrappers import Response

from membership.promises import reading
from membership.promises.reading import NotRead, Story, small_jpeg, story_at

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Plain title – The Lantern</title>
<meta property="og:title" content="Who owns the &quot;harbour&quot;?"><meta property="og:image" content="/quay.png"></head>"""


def picture(size=(1600, 900), kind="PNG"):
    made = io.BytesIO()
    Image.new("RGB", size, "#0f5c6e").save(made, kind)
    return made.getvalue()


@pytest.fixture
def site(httpserver):
    httpserver.expect_request("/quay.png").respond_with_data(picture(), content_type="image/png")
    httpserver.expect_request("/story").respond_with_data(PAGE, content_type="text/html; charset=utf-8")
    return httpserver


def test_title_and_picture_are_read_and_the_picture_is_painted_anew(site):
    story = story_at(site.url_for("/story"), loopback=True)
    assert story.title == 'Who owns the "harbour"?'
    with Image.open(io.BytesIO(story.picture)) as found:
        assert (found.format, found.size) == ("JPEG", (800, 450))


@pytest.mark.parametrize(
    ("body", "kind", "title"),
    [
        ("<title> Two\n lines </title>", "text/html", "Two lines"),
        ("<title>Gr\xfc\xdfe</title>".encode("latin-1"), "text/html; charset=iso-8859-1", "Grüße"),
        ("<title>x</title>", "text/html; charset=no-such-thing", "x"),
        ("<p>nothing</p>", "text/html", ""),
        ("<title>" + "x" * 500, "text/html", "x" * 200),
        ("<title>Head</title>" + "y" * reading.PAGE_BYTES, "text/html", "Head"),
    ],
)
def test_titles_as_pages_write_them(httpserver, body, kind, title):
    httpserver.expect_request("/x").respond_with_data(body, content_type=kind)
    assert story_at(httpserver.url_for("/x"), loopback=True) == Story(title, None)


def test_a_redirect_is_followed_and_a_ring_is_not(site):
    site.expect_request("/old").respond_with_data("", status=301, headers={"Location": "/story"})
    site.expect_request("/ring").respond_with_data("", status=302, headers={"Location": "/ring"})
    assert story_at(site.url_for("/old"), loopback=True).title.startswith("Who owns")
    with pytest.raises(NotRead, match="redirects"):
        story_at(site.url_for("/ring"), loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.0.0.7/", "http://192.168.1.1/", "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://[fe80::1]/", "http://[fd00::1]/",
        "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://2130706433/", "http://0x7f.1/",
        "http://224.0.0.1/", "http://93.184.215.14:22/", "http://db.internal/", "file:///etc/passwd", "ftp://93.184.215.14/",
        "http://name:secret@93.184.215.14/", "http://lantern.example/",
    ],
)  # fmt: skip
def test_no_address_inside_a_network_is_ever_asked(address, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("it was asked")

    monkeypatch.setattr(socket, "create_connection", never)
    with pytest.raises(NotRead):
        story_at(address)


@pytest.mark.parametrize("inside", ["http://10.0.0.7/", "http://169.254.169.254/"])
def test_the_demo_may_ask_this_machine_and_no_other_inside(site, inside):
    with pytest.raises(NotRead, match="public"):
        story_at(inside, loopback=True)
    site.expect_request("/away").respond_with_data("", status=302, headers={"Location": inside})
    with pytest.raises(NotRead, match="public"):
        story_at(site.url_for("/away"), loopback=True)


def test_a_name_with_one_address_inside_is_not_asked(monkeypatch):
    both = [(2, 1, 6, "", (one, 80)) for one in ("93.184.215.14", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: both)
    with pytest.raises(NotRead, match="public"):
        story_at("http://news.lantern.org/")


def test_a_page_that_answers_drop_by_drop_is_given_up(httpserver, monkeypatch):
    monkeypatch.setattr(reading, "SECONDS", 0.3)

    def drops():
        for _ in range(20):
            time.sleep(0.05)
            yield b"<title>"

    httpserver.expect_request("/slow").respond_with_handler(lambda _: Response(drops(), content_type="text/html"))
    begun = time.monotonic()
    with pytest.raises(NotRead):
        story_at(httpserver.url_for("/slow"), loopback=True)
    assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize("status", [404, 500, 204])
def test_what_is_no_story_is_not_read(httpserver, status):
    httpserver.expect_request("/x").respond_with_data("<title>Oh</title>", status=status)
    with pytest.raises(NotRead):
        story_at(httpserver.url_for("/x"), loopback=True)
    httpserver.expect_request("/pdf").respond_with_data("%PDF", content_type="application/pdf")
    with pytest.raises(NotRead):
        story_at(httpserver.url_for("/pdf"), loopback=True)


@pytest.mark.parametrize("body", [b"", b"<svg onload=alert(1)>", b"GIF89a" + bytes(40), picture()[:60]])
def test_what_is_no_picture_is_refused(body):
    with pytest.raises(NotRead):
        small_jpeg(body)


def test_a_picture_of_too_many_pixels_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(reading, "PIXELS", 100)
    with pytest.raises(NotRead, match="pixels"):
        small_jpeg(picture((20, 20)))
