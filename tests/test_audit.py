"""`make audit` fails for a flaw that is known, and claims nothing about what it could not look at."""

import json
import re
from pathlib import Path

import pytest

from tests.audit import LOCKS, ROOT, judged, main

CLEAN = {"name": "flask", "version": "3.1.2", "vulns": []}
FLAW = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}]}
UNKNOWN = {"name": "uv", "skip_reason": "Dependency not found on PyPI and could not be audited: uv (0.13.9)"}


def tool(tmp_path, *dependencies):
    path = tmp_path / "pip-audit"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps({'dependencies': dependencies, 'fixes': []})}\nEND\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("dependencies", "status", "words"),
    [
        ([CLEAN], 0, "Audited by pypi: 3 pinned versions"),
        ([CLEAN, FLAW], 1, "KNOWN FLAW: x 1: PYSEC-1, mended in 1.1"),
        ([CLEAN, UNKNOWN], 0, "not audited: uv is not on the list"),
        ([UNKNOWN], 0, "NOT AUDITED: no list of known flaws answers"),
    ],
)
def test_a_known_flaw_fails_and_silence_is_told(tmp_path, capsys, dependencies, status, words):
    assert main([tool(tmp_path, *dependencies)]) == status
    assert words in capsys.readouterr().out


def test_without_the_tool_or_with_nonsense_nothing_is_claimed(tmp_path, capsys):
    assert main([str(tmp_path / "nothing")]) == 0 and "NOT AUDITED" in capsys.readouterr().out
    assert judged("ERROR: no way").looked == 0 == judged("[]").looked


@pytest.mark.parametrize("lock", LOCKS)
def test_every_version_is_pinned_with_its_hash_and_by_no_address(lock):
    text = (Path(ROOT) / lock).read_text()
    pinned = re.findall(r"^[a-z0-9][\w.\-\[\],]*==\S+", text, re.M | re.I)
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert len(pinned) == len(blocks) > 0 and all("--hash=sha256:" in block for block in blocks)
    assert "://" not in re.sub(r"#.*", "", text) and "--index" not in text
