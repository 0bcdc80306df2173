from flask import Blueprint

blueprint = Blueprint("topics", __name__)
