"""What a voter posts, and how it becomes choices. Whether they are a vote is decided by `ways`."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from membership.ballots import ways
from membership.web.forms import AttemptField, Form


class VoteForm(Form):
    """Only the token and the one-time value; what is chosen is checked by the rules."""

    attempt = AttemptField()


def choices_in(posted: MultiDict[str, str], method: str) -> ways.Choices:
    """What was posted: `choice` (ticks), `rank-<option>` or `score-<option>`."""
    asked = ways.asked_for(method)
    if asked in {"ranks", "stars"}:
        prefix = "rank-" if asked == "ranks" else "score-"
        return {name.removeprefix(prefix): value[:40] for name, value in posted.items() if name.startswith(prefix)}
    return posted.getlist("choice")[:1000]


def as_sent(choices: ways.Choices) -> dict[int, str]:
    """The same for showing the form again: nothing that was typed is lost."""
    pairs = choices.items() if isinstance(choices, Mapping) else [(choice, "on") for choice in choices]
    return {
        int(position): str(value)
        for position, value in pairs
        if str(position).isascii() and str(position).isdigit() and len(str(position)) < 6
    }
