"""The harness: suites, run matrix, executors, statistics, report."""

from binpack.version import __version__

__all__ = ["__version__"]
