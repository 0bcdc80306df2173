"""A reader's own pages: one view over what the rooms below hold."""
