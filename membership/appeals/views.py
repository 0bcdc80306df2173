from flask import Blueprint

blueprint = Blueprint("appeals", __name__)
