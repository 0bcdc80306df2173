"""The demo's letters as the control room reads them."""

import os

from membership.sandbox.letters import MOST, written


def letter(directory, number, to):
    file = directory / f"{number:06}.eml"
    file.write_bytes(f"To: {to}\r\nSubject: Number {number}\r\n\r\nWords for ada@example.org\r\n".encode())
    os.utime(file, (1_800_000_000 + number, 1_800_000_000 + number))


def test_one_addressees_letters_are_found_however_many_came_after_them(tmp_path):
    letter(tmp_path, 0, "Ada <Ada@example.org>")
    for number in range(1, MOST + 2):
        letter(tmp_path, number, "brin@example.org")
    assert [one["subject"] for one in written(tmp_path, "ada@example.org")] == ["Number 0"]
    assert len(written(tmp_path)) == MOST and written(tmp_path)[-1]["subject"] == f"Number {MOST + 1}"
    assert len(written(tmp_path, "brin@example.org")) == MOST and written(tmp_path, "nobody@example.org") == []
