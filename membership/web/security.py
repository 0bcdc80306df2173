"""Response headers: a strict Content-Security-Policy on everything, and no caching of pages that know the reader."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, g
from werkzeug.wrappers import Response

from membership.config import Config

STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")


def framed_by(origins: list[str]) -> None:
    """This response may be shown in a frame by these origins (an embed); every other page by none."""
    g.frame_ancestors = origins


def posts_to(address: str) -> None:
    """A form of this page may lead on to that address' site: Chromium holds a POST's redirect against the page's policy."""
    parts = urlsplit(address)
    g.form_targets = f"{parts.scheme}://{parts.netloc}"


def install(app: Flask, config: Config) -> None:
    """Send the headers with every response, errors and static files included."""
    # Chromium checks form-action against the target of a POST's redirect too, hence Stripe's own pages in it.
    pages = list(STRIPE_PAGES)
    if config.stripe_api_base:
        parts = urlsplit(config.stripe_api_base)
        pages.append(f"{parts.scheme}://{parts.netloc}")

    policy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self' " + " ".join(pages),
        "base-uri 'none'",
        "object-src 'none'",
        *(["upgrade-insecure-requests"] if config.secure else []),
    ]
    written = "; ".join(policy) + "; frame-ancestors "

    @app.after_request
    def add_headers(response: Response) -> Response:
        ancestors = g.get("frame_ancestors")
        if config.secure:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        target = f"form-action 'self' {g.form_targets}" if g.get("form_targets") else "form-action 'self'"
        own = written.replace("form-action 'self'", target)
        response.headers["Content-Security-Policy"] = own + (" ".join(ancestors) if ancestors else "'none'")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if ancestors is not None else "same-origin"
        # Whoever knows no reader says `public` by itself; everything else is kept nowhere. (The session is not asked:
        # looking at it would itself mark every answer, embeds included, as varying by cookie.)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
