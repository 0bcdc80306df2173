"""Rules of topics as tables of cases."""

import pytest

from membership.topics import rules


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("  Who owns   the harbour? ", "Who owns the harbour?"),
        ("Line\nbreaks are\tgone", "Line breaks are gone"),
        ("x" * 140, "x" * 140),
        ("Кому належить порт?", "Кому належить порт?"),
        ("Who \u202eowns\u2066 the harbour?", "Who owns the harbour?"),
        ("می\u200cخواهم بدانم چرا", "می\u200cخواهم بدانم چرا"),
    ],
)
def test_a_title_is_one_line(typed, title):
    assert rules.check_title(typed) == title


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", rules.TitleTooShort),
        ("  short ", rules.TitleTooShort),
        ("\x00" * 20, rules.TitleTooShort),
        ("\u200b" * 20, rules.TitleTooShort),
        ("x" * 141, rules.TitleTooLong),
    ],
)
def test_a_title_of_the_wrong_length_is_refused(typed, refusal):
    with pytest.raises(refusal) as refused:
        rules.check_title(typed)
    assert refused.value.field == "title"


@pytest.mark.parametrize(
    ("typed", "refusal"), [("", rules.WhyTooShort), ("too short", rules.WhyTooShort), ("x" * 4001, rules.WhyTooLong)]
)
def test_a_reason_of_the_wrong_length_is_refused(typed, refusal):
    with pytest.raises(refusal):
        rules.check_why(typed)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "data:text/html,x", "//example.org/x", "example.org", "ftp://example.org", "https://",
        "https:///path", "https://user:pass@example.org/", "https://exa mple.org", "https://example.org/\x07",
        "http://[::1", "https://example.org:99999999/", "https://example.org/" + "x" * 2000,
    ],
)  # fmt: skip
def test_only_plain_web_addresses_are_links(link):
    with pytest.raises(rules.NotALink):
        rules.check_links([link])


def test_links_are_kept_once_in_their_order_and_are_few():
    assert rules.check_links(["https://b.example/x", "", " http://a.example ", "https://b.example/x"]) == [
        "https://b.example/x",
        "http://a.example",
    ]
    with pytest.raises(rules.TooManyLinks):
        rules.check_links([f"https://example.org/{n}" for n in range(6)])


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Who owns the harbour?", "who-owns-the-harbour"),
        ("Überfüllte Schulen", "uberfullte-schulen"),
        ("Кому належить порт?", "topic"),
        ("---", "topic"),
        ("word " * 40, ("word-" * 12).rstrip("-")),
    ],
)
def test_an_address_is_made_of_the_title(title, slug):
    assert rules.slug_of(title, "topic") == slug
