"""How long pods and services live, in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.units import US_PER_S
from workloads.distributions import Distribution

FOREVER = np.iinfo(np.int64).max
"""The lifetime of what does not end by itself."""


class Lifetime(Protocol):
    """Draws lifetimes."""

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw `count` lifetimes, microseconds in whole seconds, int64[count]; `FOREVER` does not end."""
        ...


@dataclass(frozen=True)
class Endless:
    """Never ends."""

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Return `FOREVER`; draws nothing."""
        return np.full(count, FOREVER, np.int64)


ENDLESS = Endless()


@dataclass(frozen=True)
class Lasting:
    """Ends after a time: `Lasting(Exponential(600))`, `Lasting(LogNormal(300, 1.2))`, `Lasting(BoundedPareto(1.1, 30, 43200))`.

    Parameters
    ----------
    seconds : Distribution
        Rounded to whole seconds, at least one.
    """

    seconds: Distribution

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw `count` lifetimes."""
        return np.maximum(np.rint(self.seconds.draw(generator, count)), 1).astype(np.int64) * US_PER_S


@dataclass(frozen=True)
class PartlyEndless:
    """A share never ends, the others last.

    Parameters
    ----------
    share : float
        Of those that never end, 0 to 1.
    lasting : Lifetime
        Of the others.
    """

    share: float
    lasting: Lifetime

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw which ones end, and the lifetime of each as if it did."""
        endless = generator.random(count) < self.share
        return np.where(endless, FOREVER, self.lasting.draw(generator, count))
