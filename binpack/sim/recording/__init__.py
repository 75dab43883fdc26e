"""Recordings of real clusters, read as what happens to a simulated one: watches of `kubectl get`, and audit logs of the API server."""
