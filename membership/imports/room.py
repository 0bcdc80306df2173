"""The room's blueprint; `views` and `invitation_pages` hang their pages on it."""

from flask import Blueprint

blueprint = Blueprint("imports", __name__)
