"""How fast the scheduler decides, and what that costs: measured in one process, without the simulation around it."""
