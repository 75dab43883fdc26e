"""The queue, the scheduling cycle and its explanation."""
