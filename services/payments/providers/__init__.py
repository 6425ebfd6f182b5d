"""The outside world: WeChat Pay behind one Protocol (`port`), spoken in API v2 or v3."""
