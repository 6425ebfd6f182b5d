"""Every query of the certificates database. SQL in, model objects out, no decisions."""
