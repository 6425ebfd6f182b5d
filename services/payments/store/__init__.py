"""Every query of the payments database. SQL in, model objects out, no decisions."""
