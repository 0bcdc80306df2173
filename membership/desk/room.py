"""The desk's blueprint, to which its views attach."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("desk", __name__)
