"""One page for no: every `Refused`, every HTTP error and every accident ends here, with a clear word and its status."""

from __future__ import annotations

import logging

from flask import Flask, render_template
from flask_babel import force_locale, gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from membership.languages import LANGUAGES
from membership.refusals import N_, Refused
from membership.web.locale import browsers_choice

log = logging.getLogger(__name__)

WORDS = {
    400: N_("We could not read that request."),
    404: N_("There is nothing at this address."),
    405: N_("This address does not take that kind of request."),
    413: N_("That was larger than we take."),
    500: N_("Something went wrong on our side. It has been noted; nothing was charged by this page."),
}
DATABASE_AWAY = N_("We cannot reach our books at the moment. Nothing was lost or charged; please try again in a minute.")


def words_of(refused: Refused) -> str:
    """A refusal's words in the reader's language, with its values filled in."""
    words = gettext(refused.words)
    return words % refused.values if refused.values else words


def _page(words: str, status: int) -> tuple[str, int]:
    return render_template("web/refused.html", words=words, status=status), status


def install(app: Flask) -> None:
    """Answer refusals and errors with the one page."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[str, int]:
        return _page(words_of(error), error.status)

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> tuple[str, int]:
        return _page(gettext("This form had grown stale. Please go back, reload the page and send it again."), 400)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[str, int]:
        status = error.code or 500
        return _page(gettext(WORDS.get(status, WORDS[400])), status)

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> tuple[str, int, dict[str, str]]:
        """The database does not answer: a page that needs none. Stripe, told 503, delivers again."""
        log.error("the database does not answer: %s", type(error.orig).__name__)
        with force_locale(browsers_choice() or LANGUAGES[0]):  # the reader's own would have to be asked for
            words = gettext(DATABASE_AWAY)
        return f"{words}\n", 503, {"Content-Type": "text/plain; charset=utf-8", "Retry-After": "30"}

    @app.errorhandler(DataError)
    @app.errorhandler(OverflowError)
    def beyond(error: Exception) -> tuple[str, int]:
        """A number or character that the database cannot hold: nothing of ours has such a name."""
        log.warning("beyond what a column holds: %s", type(error).__name__)
        return _page(gettext(WORDS[400]), 400)

    @app.errorhandler(Exception)
    def accident(error: Exception) -> tuple[str, int]:
        log.exception("an accident: %s", type(error).__name__)
        return _page(gettext(WORDS[500]), 500)
