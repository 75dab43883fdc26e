"""The plugin interface, statuses and profiles. Takes a registry, imports no plugin."""
