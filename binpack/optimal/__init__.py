"""The optimal solver: problem, objectives, methods, bounds, certificates."""
