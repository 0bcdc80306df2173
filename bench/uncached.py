"""Our site with nothing kept between requests: every embed is read from the database and rendered anew."""

from __future__ import annotations

from wsgi import app

app.config |= {"EMBED_SECONDS": 0, "REPORT_SECONDS": 0}

__all__ = ["app"]
