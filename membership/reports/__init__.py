"""What staff want to know. Only reads."""
