from flask import Blueprint

blueprint = Blueprint("perks", __name__)
