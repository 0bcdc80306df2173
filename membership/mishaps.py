"""Accidents told to a Sentry of the operator's own choosing, if SENTRY_DSN names one; off otherwise, and then not imported.

What goes out is what the log would say: the error, where in the code, and the ids that tie it together. No request, headers
or cookies, no network address, no values of variables, no breadcrumbs; and every text is blotted like a line of the log.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from membership import logs

DROPPED = ("request", "user", "extra", "contexts", "modules", "breadcrumbs", "server_name")


def begin(dsn: str | None) -> None:
    """From now on whatever is logged as an error is told there, too."""
    if dsn is None:
        return
    sentry_sdk = import_module("sentry_sdk")  # only who wants it pays for loading it
    told_by_log = import_module("sentry_sdk.integrations.logging").LoggingIntegration

    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[told_by_log(level=None, event_level=logging.ERROR)],
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        server_name="",
        before_send=_told,
    )


def _told(event: Any, _hint: Any) -> Any:
    told = {name: value for name, value in event.items() if name not in DROPPED}
    told["tags"] = logs.what()
    return _blotted(told)


def _blotted(value: Any) -> Any:
    if isinstance(value, str):
        return logs.blotted(value)
    if isinstance(value, dict):
        return {name: _blotted(one) for name, one in value.items() if name != "vars"}
    return [_blotted(one) for one in value] if isinstance(value, list | tuple) else value
