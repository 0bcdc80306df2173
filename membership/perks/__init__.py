"""Thanks: **perks** that a tier carries, and **grants** of them to patrons."""
