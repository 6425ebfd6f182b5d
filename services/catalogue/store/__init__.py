"""Every query of the catalogue database. SQL in, model objects out, no decisions."""
