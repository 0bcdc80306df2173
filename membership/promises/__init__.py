"""What became of a vote: a **promise** with an editor and a date, its state, the story, and the report back."""
