"""Compiled kernels: a whole tick in one call. numba is imported when they are first used, never before.

Every name in `driver` that is an array stands for one of `binpack.scheduler.fast.tables`; kernels allocate nothing.
"""
