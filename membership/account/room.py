"""The room's blueprint; `views` and `cancelling` hang their pages on it."""

from flask import Blueprint

blueprint = Blueprint("account", __name__)
