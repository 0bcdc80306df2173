"""The room's blueprint, on which its pages hang themselves."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("bulletins", __name__)
