"""Ballot files: our own and the standard ones, each read into the same shape by a module of its own. Pure: text in,
votes out.
"""
