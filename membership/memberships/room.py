"""The room's blueprint; `views`, `gift_pages` and `group_pages` hang their pages on it."""

from flask import Blueprint

blueprint = Blueprint("memberships", __name__)
