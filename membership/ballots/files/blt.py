"""BLT, the ballot file of OpenSTV, OpaVote and the Electoral Reform Society.

`options seats`, then perhaps `-n` for each withdrawn option, then a vote a line: its number, the options from the best
on, 0; a lone 0 ends the votes, and quoted names and the title follow. `=` joins options of one rank, `-` is a rank left
empty, `#` begins a comment, `(id)` before a vote is passed over, `[tie 3 1 2]` gives the lot order and other brackets
are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from membership.ballots.files.shape import (
    MOST_OPTIONS,
    BallotFile,
    BrokenFile,
    grouped,
    named_apart,
    ranking,
    short,
    whole,
)

_TOKEN = re.compile(
    r'\s+|(?P<comment>#.*)|(?P<name>"(?:[^"\\]|\\.|"")*"(?=\s|$|#))|(?P<bracket>\[[^\]]*\]|\([^)]*\))|(?P<word>[^\s"#\[(]+)'
)

_Token = tuple[int, str]


def read(text: str) -> BallotFile:
    """Read a BLT file. Raises `BrokenFile`."""
    tokens = _Tokens(text)
    options = whole(tokens.word("the number of options"), tokens.line, "The number of options", least=1)
    if options > MOST_OPTIONS:
        raise BrokenFile(tokens.line, f"More than {MOST_OPTIONS} options are not counted.")
    seats = whole(tokens.word("the number of seats"), tokens.line, "The number of seats", least=1)
    withdrawn = frozenset(tokens.withdrawn(options))
    groups = grouped(_votes(tokens, options))
    names = {position: tokens.name(f"the name of option {position}") for position in range(1, options + 1)}
    title = tokens.name("the title") if tokens.left() else ""
    if tokens.left():
        tokens.word("")
        raise BrokenFile(tokens.line, "Something follows after the title.")
    lots = tokens.lots(options)
    return BallotFile(
        "ranks", title, named_apart(names), groups, "stv" if seats > 1 else "irv", seats, lots, withdrawn
    )  # fmt: skip


def _votes(tokens: _Tokens, options: int) -> Iterator[tuple[str, int]]:
    while True:
        first = tokens.word("a vote, or 0 after the last one")
        number = whole(first, tokens.line, "A vote's number")
        if number == 0 and tokens.ends_here():
            return
        ranks = []
        while (rank := tokens.word("the rest of a vote, ended by 0")) != "0":
            ranks.append([] if rank == "-" else [_option(one, options, tokens.line) for one in rank.split("=")])
        yield ranking(ranks), number


def _option(text: str, options: int, line: int) -> int:
    position = whole(text, line, "An option", least=1)
    if position > options:
        raise BrokenFile(line, f"There is no option {position}: the file begins with {options} options.")
    return position


class _Tokens:
    """The file's words and names one after the other, with the line each stands on."""

    def __init__(self, text: str):
        self.line = 1
        self._brackets: list[_Token] = []
        self._tokens = list(self._split(text))
        self._at = 0

    def _split(self, text: str) -> Iterator[_Token]:
        for line, row in enumerate(text.splitlines(), 1):
            place = 0
            while place < len(row):
                found = _TOKEN.match(row, place)
                if found is None:
                    raise BrokenFile(line, f"This cannot be read: {short(row[place:])}.")
                place = found.end()
                if found["bracket"]:
                    self._brackets.append((line, found["bracket"][1:-1]))
                elif found["word"] or found["name"]:
                    yield line, found["word"] or found["name"]

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def ends_here(self) -> bool:
        """Whether a name or nothing follows: the votes are over."""
        return not self.left() or self._tokens[self._at][1].startswith('"')

    def _next(self, what: str) -> str:
        if not self.left():
            raise BrokenFile(self.line, f"The file ends where {what} should stand.")
        self.line, token = self._tokens[self._at]
        self._at += 1
        return token

    def word(self, what: str) -> str:
        token = self._next(what)
        if token.startswith('"'):
            raise BrokenFile(self.line, f"A name, {short(token)}, where {what or 'nothing'} should stand.")
        return token

    def name(self, what: str) -> str:
        token = self._next(what)
        if not token.startswith('"'):
            raise BrokenFile(self.line, f"Here {what} should stand in quotes, not {short(token)}.")
        return re.sub(r'\\(.)|""', lambda found: found[1] or '"', token[1:-1]).strip()

    def withdrawn(self, options: int) -> Iterator[int]:
        while self.left() and self._tokens[self._at][1].startswith("-"):
            yield _option(self.word("a withdrawn option")[1:], options, self.line)

    def lots(self, options: int) -> tuple[int, ...]:
        """The order that [tie …] gives, if one stands there."""
        for line, bracket in self._brackets:
            kind, *order = bracket.split()[:MOST_OPTIONS] or [""]
            if kind == "tie":
                return tuple(dict.fromkeys(_option(one, options, line) for one in order))
        return ()
