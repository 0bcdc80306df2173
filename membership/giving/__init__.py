"""Money that arrived: **checkouts** begun, **payments** made, their **ledger** lines, and **receipts**."""
