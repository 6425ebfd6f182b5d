"""Every query of the progress database. SQL in, model objects out, no decisions."""
