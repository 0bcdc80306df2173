"""The room's blueprint; `views` and `desk_pages` hang their pages on it."""

from flask import Blueprint

blueprint = Blueprint("campaigns", __name__)
