"""Public builders, Hypothesis strategies and checks."""
