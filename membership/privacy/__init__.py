"""Export and erasure: everything that is held about a person, put together from what each room says, told and forgotten."""
