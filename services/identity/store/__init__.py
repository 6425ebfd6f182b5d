"""Every query of the identity database. SQL in, model objects out, no decisions."""
