"""Formulas of plugins for compiled kernels: one file a plugin, plain functions that call nothing outside their file.

The numpy plugin beside each is the definition; tests hold the two together. Nothing here imports numba: the kernels compile these
functions when they are first used.
"""
