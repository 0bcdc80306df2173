"""Staff's Markdown as safe HTML: rendered without raw HTML, then cleaned once more."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})
_TAGS = {"p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "a", "blockquote", "code", "pre", "br", "hr"}


def markdown(source: str) -> Markup:
    """Markdown to HTML with a small set of tags; links to http(s) and mailto only."""
    html = nh3.clean(
        _MARKDOWN.render(source), tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )
    return Markup(html)  # noqa: S704 - cleaned in the line above
