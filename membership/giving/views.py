from flask import Blueprint

blueprint = Blueprint("giving", __name__)
