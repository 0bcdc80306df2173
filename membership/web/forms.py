"""What forms share: an address field, an amount field, and the one-time value that makes a double click one attempt."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import current_app, request
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.datastructures import CombinedMultiDict
from wtforms import EmailField, HiddenField, StringField
from wtforms.validators import DataRequired, Length, StopValidation

from membership.refusals import Refused
from membership.web.errors import words_of


class Form(FlaskForm):
    """A form of the house: posted text is stripped of surrounding space, and a refusal can be shown beside its field.

    `notice` is a refusal that is about no field (Stripe unreachable, a limit reached): it is shown above the form.
    """

    notice: str | None = None
    takes_files = False

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What was typed, and never a file in the place of a text, unless the form asks for one (`takes_files`)."""
            wrapped = super().wrap_formdata(form, formdata)
            return request.form if isinstance(wrapped, CombinedMultiDict) and not form.takes_files else wrapped

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            filters = list(unbound_field.kwargs.get("filters", []))
            if issubclass(unbound_field.field_class, StringField):
                filters.append(_tidied)
            return unbound_field.bind(form=form, filters=filters, **options)

    def show(self, refused: Refused, default_field: str) -> None:
        """Put a refusal's words beside the field it names, or the default one, or above the form."""
        if refused.status != 422:
            self.notice = words_of(refused)
            return
        field = self[refused.field] if refused.field in self else self[default_field]
        field.errors = [*field.errors, words_of(refused)]

    def renew_after(self, refused: Refused) -> None:
        """A conflict (409) means that this form's one-time value is used up, and so does a bank's no (402), which Stripe
        would repeat under the same key: the form shown again carries a new one."""
        if refused.status in {402, 409} and "attempt" in self:
            self["attempt"].data = new_attempt()


_UNWRITTEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows: nobody types them, and no column wants them."""


def _tidied(value: str | None) -> str | None:
    return _UNWRITTEN.sub("", value).strip() if isinstance(value, str) else value


class Address:
    """Validator: an e-mail address that can receive a letter (syntax only; no look-up leaves this machine)."""

    def __call__(self, _form: Any, field: Any) -> None:
        try:
            validate_email(field.data or "", check_deliverability=False, test_environment=True, allow_smtputf8=False)
        except EmailNotValidError:
            raise StopValidation(gettext("Please write an e-mail address, like name@example.org.")) from None


def address_field(label: Any = None, missing: Any = None) -> EmailField:
    """An e-mail field that password managers and phones recognise."""
    return EmailField(
        label or lazy_gettext("Your e-mail address"),
        validators=[
            DataRequired(missing or lazy_gettext("Please write your e-mail address.")),
            Length(max=254),
            Address(),
        ],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )


_ATTEMPT = re.compile(r"[A-Za-z0-9_.-]{16,80}", re.ASCII)


def _signer() -> TimestampSigner:
    return TimestampSigner(current_app.config["MEMBERSHIP"].secret_key, salt="a form was shown")


def new_attempt() -> str:
    """A random value with the moment it was made (wall time), signed."""
    return _signer().sign(secrets.token_urlsafe(18)).decode()


def shown_at(attempt: str) -> datetime | None:
    """When the form with this attempt was shown, in wall time; None when the value is none of ours."""
    try:
        return _signer().unsign(attempt, return_timestamp=True)[1]
    except BadSignature:
        return None


class AttemptField(HiddenField):
    """Made when the form is shown (`new_attempt`). Posted twice it is still one attempt; a strange value is replaced."""

    data: str | None

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        super().process(formdata, *args, **kwargs)
        self.data = _as_attempt(self.data)


def sent_attempt() -> str:
    """The attempt of the form that was posted, where no other field of it needs to be read."""
    return attempt_in(request.form)


def attempt_in(posted: Mapping[str, str]) -> str:
    """The same, of what was posted."""
    return _as_attempt(posted.get("attempt"))


def _as_attempt(sent: str | None) -> str:
    return sent if sent and _ATTEMPT.fullmatch(sent) else new_attempt()
