"""The room's blueprint; `views` and the pages beside it hang their addresses on it."""

from flask import Blueprint

blueprint = Blueprint("perks", __name__)
