"""A bulletin's Markdown as it stands in a letter: plain text and HTML, both made of the same source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from membership.web.text import markdown

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})
_STYLES = {
    "p": "margin:0 0 16px", "h2": "margin:28px 0 12px;font-size:22px;line-height:1.3",
    "h3": "margin:24px 0 12px;font-size:19px", "h4": "margin:24px 0 12px;font-size:17px",
    "ul": "margin:0 0 16px;padding-left:24px", "ol": "margin:0 0 16px;padding-left:24px",
    "blockquote": "margin:0 0 16px;padding-left:16px;border-left:3px solid #cfc6ba",
    "hr": "border:0;border-top:1px solid #cfc6ba;margin:24px 0",
}  # fmt: skip
_TAG = re.compile(r"<(p|h2|h3|h4|ul|ol|blockquote|hr)>")
_OWN_LINK = re.compile(r'href="(/[^"/][^"]*|/)"')


def as_html(source: str, base_url: str) -> str:
    """Clean HTML for the inside of a letter; addresses of our own site are made whole."""
    styled = _TAG.sub(lambda match: f'<{match[1]} style="{_STYLES[match[1]]}">', str(markdown(source)))
    return _OWN_LINK.sub(lambda match: f'href="{escape(base_url)}{match[1]}"', styled)


def as_text(source: str, base_url: str) -> str:
    """The same as plain text: a link's address stands behind its words, points and numbers before theirs."""
    lines: list[str] = []
    _blocks(_MARKDOWN.parse(source), "", lines, base_url)
    return "\n".join(lines).strip() + "\n"


def _blocks(tokens: Sequence[Token], indent: str, lines: list[str], base_url: str) -> None:
    """Each block with an empty line behind it; items of a tight list without."""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _end(tokens, position)
        inside = tokens[position + 1 : end]
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            _items(inside, int(token.attrGet("start") or 1) if token.type[0] == "o" else None, indent, lines, base_url)
            lines.append("")
        elif token.type == "blockquote_open":
            quoted: list[str] = []
            _blocks(inside, "", quoted, base_url)
            lines += [f"{indent}> {line}".rstrip() for line in "\n".join(quoted).strip().split("\n")] + [""]
        elif token.type == "inline":
            lines += [indent + line for line in _words(token.children or [], base_url).split("\n")]
        elif token.type in {"fence", "code_block"}:
            lines += [f"{indent}    {line}" for line in token.content.rstrip().split("\n")] + [""]
        elif token.type == "hr":
            lines += [indent + "* * *", ""]
        elif inside:
            _blocks(inside, indent, lines, base_url)
            if not token.hidden:
                lines.append("")
        position = end + 1


def _items(tokens: Sequence[Token], number: int | None, indent: str, lines: list[str], base_url: str) -> None:
    position = 0
    while position < len(tokens):
        end = _end(tokens, position)
        mark = "- " if number is None else f"{number}. "
        said: list[str] = []
        _blocks(tokens[position + 1 : end], "", said, base_url)
        first, *rest = "\n".join(said).strip("\n").split("\n")
        lines += [indent + mark + first, *(indent + " " * len(mark) + line if line else "" for line in rest)]
        number = None if number is None else number + 1
        position = end + 1


def _end(tokens: Sequence[Token], position: int) -> int:
    """Where the block that begins here ends."""
    depth = 0
    for end in range(position, len(tokens)):
        depth += tokens[end].nesting
        if depth <= 0:
            return end
    return len(tokens) - 1


def _words(tokens: Sequence[Token], base_url: str) -> str:
    said, begun = "", [("", 0)]
    for token in tokens:
        if token.type == "link_open":
            begun.append((str(token.attrGet("href") or ""), len(said)))
        elif token.type == "link_close":
            address, at = begun.pop()
            address = base_url + address if address.startswith("/") else address
            said += "" if said[at:] in {address, address.removeprefix("mailto:")} else f" ({address})"
        elif token.type in {"softbreak", "hardbreak"}:
            said += "\n"
        elif token.type == "image":
            said += token.content
        else:
            said += token.content
    return said


def small(text: str) -> str:
    """Lines that stand small below a letter."""
    lines = escape(text).replace("\n", "<br>")
    return f'<p style="margin:32px 0 0;font-size:14px;color:#5c544c">{lines}</p>'
