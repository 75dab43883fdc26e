"""Readers of recorded traces. The data stay where the user keeps them; nothing of them is in this repository."""
