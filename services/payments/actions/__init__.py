"""Everything that changes payments. Each action runs in its caller's transaction."""
