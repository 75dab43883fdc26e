"""Bin packing instances from the files of the literature: one module a format, plain Python."""
