"""The `binpack` command: parses, calls, prints."""
