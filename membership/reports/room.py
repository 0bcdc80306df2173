"""The room's blueprint, to which its pages belong."""

from flask import Blueprint

blueprint = Blueprint("reports", __name__)
