from flask import Blueprint

blueprint = Blueprint("newsroom", __name__)
