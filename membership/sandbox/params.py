"""What an endpoint takes: each field says how its raw text becomes a value, and everything else is refused.

A field reads `(raw, name)` and gives a value or raises `Refusal`. The empty string means "unset" and reads as None where
a field may be unset (https://docs.stripe.com/api/metadata and the notes on updating in each resource's page).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from membership.money import CURRENCIES
from membership.sandbox.answers import Refusal, missing, unknown

GREATEST = 99_999_999_999_999


@dataclass(frozen=True)
class Field:
    """Anything that reads one parameter."""

    def read(self, raw: Any, name: str) -> Any:
        raise NotImplementedError(name)


@dataclass(frozen=True)
class Text(Field):
    """Text of at most `limit` characters; `unset`: may be emptied."""

    limit: int = 5000
    unset: bool = False

    def read(self, raw: Any, name: str) -> str | None:
        if not isinstance(raw, str):
            raise Refusal("Invalid string: {...}", param=name)
        if raw == "":
            if self.unset:
                return None
            raise _empty(name)
        if len(raw) > self.limit:
            words = f"Invalid string: {raw[:20]}…; must be at most {self.limit} characters"
            raise Refusal(words, code="parameter_invalid_string_too_long" if self.limit < 5000 else None, param=name)
        return raw


@dataclass(frozen=True)
class Email(Text):
    limit: int = 512

    def read(self, raw: Any, name: str) -> str | None:
        value = super().read(raw, name)
        head, at, tail = (value or "a@b.c").partition("@")
        if not (at and head and "." in tail and not any(c.isspace() for c in head + tail)):
            raise Refusal(f"Invalid email address: {value}", code="email_invalid", param=name)
        return value


@dataclass(frozen=True)
class Url(Text):
    def read(self, raw: Any, name: str) -> str | None:
        value = super().read(raw, name)
        if value is not None and not value.startswith(("http://", "https://")):
            raise Refusal("Not a valid URL", code="url_invalid", param=name)
        return value


@dataclass(frozen=True)
class Whole(Field):
    """A whole number within bounds."""

    least: int = 0
    most: int = GREATEST
    unset: bool = False

    def read(self, raw: Any, name: str) -> int | None:
        if raw == "" and self.unset:
            return None
        text = raw if isinstance(raw, str) else "{...}"
        if not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 18):
            raise Refusal(f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
        value = int(text)
        if value < self.least:
            words = f"This value must be greater than or equal to {self.least}."
            raise Refusal(words, code="parameter_invalid_integer", param=name)
        if value > self.most:
            words = f"This value must be less than or equal to {self.most}."
            raise Refusal(words, code="parameter_invalid_integer", param=name)
        return value


@dataclass(frozen=True)
class Truth(Field):
    def read(self, raw: Any, name: str) -> bool:
        if raw not in ("true", "false"):
            raise Refusal(f"Invalid boolean: {raw}", param=name)
        return bool(raw == "true")


@dataclass(frozen=True)
class Choice(Field):
    """One of these words."""

    among: tuple[str, ...]
    unset: bool = False

    def read(self, raw: Any, name: str) -> str | None:
        if raw == "" and self.unset:
            return None
        if raw not in self.among:
            words = self.among[0] if len(self.among) == 1 else f"one of {', '.join(self.among)}"
            raise Refusal(f"Invalid {name}: must be {words}", param=name)
        return str(raw)


@dataclass(frozen=True)
class Currency(Field):
    """A three-letter code that Stripe takes, in small letters."""

    def read(self, raw: Any, name: str) -> str:
        if not isinstance(raw, str) or raw.upper() not in CURRENCIES:
            known = ", ".join(code.lower() for code in CURRENCIES)
            raise Refusal(f"Invalid currency: {raw}. Stripe currently supports these currencies: {known}", param=name)
        return raw.lower()


@dataclass(frozen=True)
class Metadata(Field):
    """Up to 50 keys of 40 characters with values of 500; None asks for all, a None value for one, to be unset."""

    def read(self, raw: Any, name: str) -> dict[str, str | None] | None:
        if raw == "":
            return None
        if not isinstance(raw, dict):
            raise Refusal("Invalid hash", code="parameter_invalid_hash", param=name)
        if len(raw) > 50:
            raise Refusal("Metadata can have up to 50 keys.", param=name)
        for key, value in raw.items():
            if len(key) > 40:
                words = f"Metadata keys can have up to 40 characters, but '{key[:20]}…' has {len(key)}."
                raise Refusal(words, param=name)
            if not isinstance(value, str):
                raise Refusal("Metadata values must be strings.", param=f"{name}[{key}]")
            if len(value) > 500:
                words = f"Metadata values can have up to 500 characters, but you passed in a value of {len(value)}."
                raise Refusal(words, param=f"{name}[{key}]")
        return {key: value or None for key, value in raw.items()}


@dataclass(frozen=True)
class Group(Field):
    """Parameters within a parameter."""

    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    unset: bool = False

    def read(self, raw: Any, name: str) -> dict[str, Any] | None:
        if raw == "" and self.unset:
            return None
        if not isinstance(raw, dict):
            raise Refusal("Invalid object", param=name)
        return read(raw, self.fields, self.required, within=name)


@dataclass(frozen=True)
class Several(Field):
    """A list of something."""

    of: Field
    most: int = 100

    def read(self, raw: Any, name: str) -> list[Any]:
        if raw == "":
            return []
        if not isinstance(raw, list):
            raise Refusal("Invalid array", param=name)
        if len(raw) > self.most:
            raise Refusal(f"Array {name} exceeded maximum {self.most} allowed elements.", param=name)
        return [self.of.read(part, f"{name}[{n}]") for n, part in enumerate(raw)]


@dataclass(frozen=True)
class Range(Field):
    """A time, or `gt`, `gte`, `lt`, `lte` of one; always read as the latter."""

    fields: Mapping[str, Field] = field(default_factory=lambda: {k: Whole() for k in ("gt", "gte", "lt", "lte")})

    def read(self, raw: Any, name: str) -> dict[str, int]:
        if isinstance(raw, dict):
            return read(raw, self.fields, within=name)
        moment = Whole().read(raw, name)
        return {"gte": moment, "lte": moment}  # type: ignore[dict-item]


METADATA = Metadata()
TEXT = Text(unset=True)
ID = Text(255)
PAGE: dict[str, Field] = {"limit": Whole(1, 100), "starting_after": ID, "ending_before": ID}


def read(
    raw: Mapping[str, Any], fields: Mapping[str, Field], required: tuple[str, ...] = (), *, within: str = ""
) -> dict[str, Any]:
    """The values of what was sent. Raises `Refusal`: `parameter_unknown`, `parameter_missing`, or a field's own."""

    def named(key: str) -> str:
        return f"{within}[{key}]" if within else key

    strange = [named(key) for key in raw if key not in fields and not (key == "expand" and not within)]
    if strange:
        raise unknown(strange)
    for key in required:
        if key not in raw:
            raise missing(named(key))
    return {key: fields[key].read(value, named(key)) for key, value in raw.items() if key in fields}


def merged(old: dict[str, str], change: dict[str, str | None] | None) -> dict[str, str]:
    """Metadata after an update: None empties it, a None value takes a key away."""
    if change is None:
        return {}
    both = {**old, **change}
    return {key: value for key, value in both.items() if value is not None}


def _empty(name: str) -> Refusal:
    words = (
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value."
    )
    return Refusal(words, code="parameter_invalid_empty", param=name)
