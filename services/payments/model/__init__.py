"""The nouns and rules of payments. Nothing here does I/O."""
