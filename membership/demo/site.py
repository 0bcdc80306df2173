"""The invented newsroom's own site: a front page and its articles, each with the appeal beneath: a plain frame,
and the script that keeps its height right.

`python -m membership.demo.site --port 8002 --members http://127.0.0.1:8000` serves it on `localhost`, which browsers take
for another site than 127.0.0.1. It knows nothing of the membership site but its address.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from babel.dates import format_date
from flask import Flask, abort, render_template, request, send_file
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from membership import clock
from membership.demo.articles import STORIES

NAME = "The Ferrowmouth Lantern"
HERE = Path(__file__).resolve().parent
TEMPLATES = HERE.parent.parent / "templates"


def create_site(*, members_url: str, own_url: str) -> Flask:
    """The site as a WSGI application. `members_url` is where the appeal lives, `own_url` this site's origin."""
    site = Flask("membership.demo.site", template_folder=str(TEMPLATES), static_folder=None)
    by_slug = {story.slug: story for story in STORIES}

    @site.context_processor
    def everywhere() -> dict[str, object]:
        return {"name": NAME, "members_url": members_url}

    @site.get("/")
    def front() -> str:
        return render_template("demo/front.html", stories=STORIES)

    @site.get("/notebooks")
    def notebooks() -> str:
        return render_template("demo/notebooks.html", code=request.args.get("code", ""))

    @site.get("/<slug>")
    def article(slug: str) -> str:
        story = by_slug.get(slug) or abort(404)
        carried = urlencode({"article": f"{own_url}/{slug}"})
        published = _day(story.days_ago)
        return render_template(
            "demo/article.html", story=story, carried=carried, address=f"{own_url}/{slug}", published=published
        )

    @site.get("/style.css")
    def style() -> Response:
        return send_file(HERE / "site.css", max_age=300)

    return site


def _day(days_ago: int) -> str:
    """The invented articles are always recent."""
    return format_date(clock.wall() - timedelta(days=days_ago), format="long", locale="en_GB")


def main() -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m membership.demo.site")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--members", required=True, help="where the membership site is")
    asked = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    site = create_site(members_url=asked.members, own_url=f"http://localhost:{asked.port}")
    server = make_server("127.0.0.1", asked.port, site, threaded=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
