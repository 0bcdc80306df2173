"""A reader-membership platform for open newsrooms: pledge → topic → ballot → promise → story → report back."""
