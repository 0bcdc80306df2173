from flask import Blueprint

blueprint = Blueprint("readers", __name__)
