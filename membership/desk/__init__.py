"""Staff's start page, jobs, audit trail and settings."""
