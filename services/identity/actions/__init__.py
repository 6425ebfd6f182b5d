"""Everything that changes identity. Each action runs in its caller's transaction."""
