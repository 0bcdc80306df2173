"""A page between a payment's form and the hosted page: it carries on what was typed, so that nothing is kept for it here.

Any view that sends readers to Stripe may be asked for one more step; it need not know, because the page posts the same
fields to the same address once more, and what the step adds.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from membership.giving.room import blueprint


class OneMoreStep(Exception):
    """Before the payment something is to be looked at or shown: the page's template, its values and status."""

    def __init__(self, template: str, status: int = 200, **values: Any) -> None:
        super().__init__(template)
        self.template, self.status, self.values = template, status, values


@blueprint.app_errorhandler(OneMoreStep)
def show(step: OneMoreStep) -> tuple[str, int]:
    """The page, with every field that was posted as a hidden one, but for those that belong to a step itself."""
    own = {"csrf_token", *step.values.get("own", ())}
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in own]
    return render_template(step.template, kept=kept, action=request.path, **step.values), step.status
