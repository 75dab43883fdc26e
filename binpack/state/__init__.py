"""The columns: what the scheduler and the solver think in."""
