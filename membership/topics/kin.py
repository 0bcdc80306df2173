"""Words by what they do in a topic's title: filling words, weak words, and families of words that mean nearly the same.

They stand in text files beside this one, a language at the head of each line.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def _read(block: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in block.splitlines():
        if not line.startswith("#"):
            language, _, words = line.partition(": ")
            found.setdefault(language, set()).update(words.split())
    return found


FILLING = _read((HERE / "filling.txt").read_text(encoding="utf-8"))
"""Words that say nothing about what a text is about."""
WEAK = _read((HERE / "weak.txt").read_text(encoding="utf-8"))
"""Words that stand in very many topics: they count, but little."""
FAMILIES = {
    block.split(" ", 2)[1]: _read(block)
    for block in (HERE / "families.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
}
"""By its name, which is its first word: by language, the words of each family."""
