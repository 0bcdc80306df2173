"""Where the machine's Chromium is. It comes from the system's packages, never from a download of ours."""

from __future__ import annotations

import os
import shutil

HOW_TO_HAVE_IT = "Debian and Ubuntu: apt-get install chromium; elsewhere set CHROMIUM to a Chromium's path"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> str | None:
    """The path of a Chromium: `CHROMIUM` when set, else the first on the path; None when there is none."""
    given = os.environ.get("CHROMIUM")
    return next(filter(None, (shutil.which(name) for name in ([given] if given else _NAMES))), None)
