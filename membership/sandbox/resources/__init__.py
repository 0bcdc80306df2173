"""The API itself: one file for each kind of object, named after it."""
