"""The room's blueprint."""

from flask import Blueprint

blueprint = Blueprint("privacy", __name__)
