"""The room's blueprint; `views` and `way_pages` hang their pages on it."""

from flask import Blueprint

blueprint = Blueprint("giving", __name__)
