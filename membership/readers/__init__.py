"""People: a **reader** is anybody we know by an address; sign-in, sessions, preferences, roles, and the audit trail."""
