"""All words for people, as they stand in the sources, and the catalogs that translate them. `make words` runs it.

`python -m tests.house.words` brings every catalog in step with the sources. With a file's name it writes a template there
instead, in which each message says where it stands.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po, write_po
from babel.util import pathmatch

from membership.languages import LANGUAGES, OWN_NAMES

ROOT = Path(__file__).resolve().parents[2]
TRANSLATED = LANGUAGES[1:]
KEYWORDS = DEFAULT_KEYWORDS | parse_keywords(["lazy_gettext", "_l", "lazy_ngettext:1,2"])
MARKED = re.compile(rb"\b(?:_|_l|N_|n?gettext|lazy_n?gettext)\(|\{%-? *trans\b")

HEAD = """\
# {name}
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def place(language: str) -> Path:
    return ROOT / "membership" / "translations" / language / "LC_MESSAGES" / "messages.po"


def sources() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Files with words, how their words are found, and that way's options, as pyproject.toml says."""
    for mapping in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]:
        method, pattern = mapping.pop("method"), mapping.pop("pattern")
        for path in sorted((ROOT / pattern.partition("/")[0]).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if pathmatch(pattern, name):
                yield name, method, mapping


def extracted() -> Catalog:
    """Every message of the sources."""
    found = Catalog(project="membership", charset="utf-8")
    for name, method, options in sources():
        content = (ROOT / name).read_bytes()
        if not MARKED.search(content):
            continue
        with (ROOT / name).open("rb") as file:
            for line, message, comments, context in extract(method, file, keywords=KEYWORDS, options=options):
                found.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return found


def catalog(language: str) -> Catalog:
    if not place(language).exists():
        return Catalog(locale=language, project="membership", charset="utf-8")
    with place(language).open("rb") as file:
        return read_po(file, locale=language)


def bring_in_step(language: str, words: Catalog) -> int:
    """Write the catalog of a language with just these messages, sorted, so that a diff shows what changed. How many lack."""
    own = catalog(language)
    own.update(words, no_fuzzy_matching=True)
    own.obsolete.clear()
    place(language).parent.mkdir(parents=True, exist_ok=True)
    with place(language).open("wb") as file:
        file.write(HEAD.format(language=language, name=OWN_NAMES[language], plurals=own.plural_forms).encode())
        write_po(file, own, width=0, no_location=True, sort_output=True, omit_header=True)
    return sum(1 for message in own if message.id and not all([message.string, *_forms(message.string)]))


def _forms(string: object) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else ()


if __name__ == "__main__":
    words = extracted()
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("wb") as file:
            write_po(file, words, width=0)
    for language in TRANSLATED if len(sys.argv) == 1 else ():
        print(f"{language}: {bring_in_step(language, words)} of {len(words)} messages have no words yet.")
