"""What readers ask for: **topics** that patrons propose, support for them, and editors' screening."""
