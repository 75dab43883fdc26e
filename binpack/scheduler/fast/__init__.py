"""Deciding whole ticks with cached answers: the same decisions as `SchedulingCycle.decide`, without looking at every node again."""
