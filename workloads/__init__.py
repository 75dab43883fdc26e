"""Where clusters and traces come from: arrivals, shapes, lifetimes, constraints, node pools, trace readers."""

from binpack.version import __version__

__all__ = ["__version__"]
