"""Which reader reads which file, by how its name ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from membership.ballots.files import blt, ours, pabulib, preflib
from membership.ballots.files.shape import BallotFile, BrokenFile

READERS: Mapping[str, Callable[[str], BallotFile]] = {
    ".blt": blt.read,
    ".soc": preflib.read_orders,
    ".soi": preflib.read_orders,
    ".toc": preflib.read_orders,
    ".toi": preflib.read_orders,
    ".cat": preflib.read_categories,
    ".pb": pabulib.read,
}


def read(path: Path, method: str = "") -> BallotFile:
    """Read a ballot file. Raises `BrokenFile`, and `OSError` when there is no reading it at all."""
    ending = path.suffix.lower()
    if ending != ".csv" and ending not in READERS:
        raise BrokenFile(
            0, f"Files that end in {ending or 'nothing'} are not known; these are: .csv {' '.join(READERS)}"
        )
    return read_text(path.read_bytes(), ending, method)


def read_text(content: bytes, ending: str, method: str = "") -> BallotFile:
    """Read what a file of that ending holds: UTF-8, or Western European as some older files are. Raises `BrokenFile`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return ours.read(text, method) if ending == ".csv" else READERS[ending](text)
