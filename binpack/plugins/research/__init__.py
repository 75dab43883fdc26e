"""Published placement policies as ordinary score plugins."""
