"""Distributions of one number, each a frozen value that draws from a generator that it is given.

All draw exactly one uniform or standard variate for each number, so that a change of parameters keeps the draws paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.errors import ConfigurationError


class Distribution(Protocol):
    """Draws numbers."""

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers, float64[count]."""
        ...


@dataclass(frozen=True)
class Constant:
    """Always the same number."""

    value: float

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Return the number `count` times; draws nothing."""
        return np.full(count, self.value, np.float64)


@dataclass(frozen=True)
class Uniform:
    """Between two numbers, all alike."""

    low: float
    high: float

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers."""
        return self.low + (self.high - self.low) * generator.random(count)


@dataclass(frozen=True)
class LogUniform:
    """Between two positive numbers, each octave alike: as many between 1 and 2 as between 2 and 4."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ConfigurationError(f"LogUniform(low={self.low}, high={self.high}): accepted is 0 < low <= high")

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers."""
        numbers: NDArray[np.float64] = self.low * np.exp(generator.random(count) * np.log(self.high / self.low))
        return numbers


@dataclass(frozen=True)
class Exponential:
    """Without memory, with the given mean."""

    mean: float

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers."""
        return self.mean * generator.standard_exponential(count, method="inv")


@dataclass(frozen=True)
class LogNormal:
    """The exponential of a normal one; `sigma` is the standard deviation of the logarithm."""

    median: float
    sigma: float

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers."""
        numbers: NDArray[np.float64] = self.median * np.exp(self.sigma * generator.standard_normal(count))
        return numbers


@dataclass(frozen=True)
class BoundedPareto:
    """Heavy-tailed between two bounds: the share above x falls like x to the power of -alpha.

    Parameters
    ----------
    alpha : float
        The smaller, the heavier the tail; between 1 and 2 a few draws hold a good part of the sum.
    low, high : float
        Bounds, positive.
    """

    alpha: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (0 < self.low <= self.high and self.alpha > 0):
            raise ConfigurationError(
                f"BoundedPareto(alpha={self.alpha}, low={self.low}, high={self.high}): accepted is alpha > 0 and 0 < low <= high"
            )

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers, by the inverse of the distribution function."""
        tail = (self.low / self.high) ** self.alpha
        numbers: NDArray[np.float64] = self.low * (1.0 - generator.random(count) * (1.0 - tail)) ** (-1.0 / self.alpha)
        return np.minimum(numbers, self.high)


@dataclass(frozen=True)
class Choice:
    """One of a few numbers, by weight.

    Parameters
    ----------
    values : tuple[float, ...]
    weights : tuple[float, ...]
        One a value, not negative; none: all alike.
    """

    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.weights and len(self.weights) != len(self.values):
            raise ConfigurationError(
                f"Choice has {len(self.values)} values and {len(self.weights)} weights: accepted is one weight a value"
            )

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Draw `count` independent numbers."""
        return np.asarray(self.values, np.float64)[pick(generator, self.weights or (1.0,) * len(self.values), count)]


def pick(generator: np.random.Generator, weights: tuple[float, ...], count: int) -> NDArray[np.intp]:
    """Draw `count` indices by weight, intp[count]."""
    bounds = np.cumsum(np.asarray(weights, np.float64))
    indices: NDArray[np.intp] = np.searchsorted(bounds, generator.random(count) * bounds[-1], side="right")
    # A draw just below 1 may round up to the last bound.
    return np.minimum(indices, len(weights) - 1, out=indices)
