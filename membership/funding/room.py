"""The room's blueprint."""

from flask import Blueprint

blueprint = Blueprint("funding", __name__)
