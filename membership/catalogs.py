"""The translations as the programs read them: beside each `messages.po` its `messages.mo`, which is not committed.

    python -m membership.catalogs

`make setup` and the image run it. (`pybabel compile` would refuse Ukrainian, whose form for one is also that for 21: it
needs the number that English leaves out.)
"""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent / "translations"


def bring_up_to_date() -> None:
    """Compile each catalog that has changed since it was compiled. May run in several processes at once."""
    for source in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        made = source.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            _compile(source, made)


def _compile(source: Path, made: Path) -> None:
    """Untranslated and doubtful messages are left out."""
    with source.open("rb") as words:
        catalog = read_po(words, locale=source.parts[-3])
    with NamedTemporaryFile(dir=made.parent, suffix=".new", delete=False) as file:
        write_mo(file, catalog)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(made)


if __name__ == "__main__":
    bring_up_to_date()
