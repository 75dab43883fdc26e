"""How large pods are: requests of CPU, memory and other resources, in the steps in which people write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.model.quantity import Quantity
from binpack.units import GIB, MIB, MILLI_PER_CORE
from workloads.distributions import Distribution, pick

Requests = Mapping[str, NDArray[np.int64]]
"""Resource name to amounts, int64[count]: `cpu` in milli-cores, `memory` in bytes, everything else in units."""


class Shape(Protocol):
    """Draws the requests of pods."""

    def draw(self, generator: np.random.Generator, count: int) -> Requests:
        """Draw the requests of `count` pods."""
        ...


@dataclass(frozen=True)
class CpuAndMemory:
    """CPU, and memory in proportion to it.

    Parameters
    ----------
    cpu_milli : Distribution
        Milli-cores. `LogUniform` gives each octave the same share of pods; `BoundedPareto` a few huge ones.
    memory_per_core_gib : Distribution
        GiB for each core; machines commonly have 2, 4 or 8.
    cpu_step_milli, memory_step_mib : int
        Rounded to multiples, at least one step.
    """

    cpu_milli: Distribution
    memory_per_core_gib: Distribution
    cpu_step_milli: int = 50
    memory_step_mib: int = 64

    def draw(self, generator: np.random.Generator, count: int) -> Requests:
        """Draw CPU, then memory for each core."""
        cpu = _in_steps(self.cpu_milli.draw(generator, count), self.cpu_step_milli)
        bytes_wanted = self.memory_per_core_gib.draw(generator, count) * (cpu / MILLI_PER_CORE) * GIB
        return {"cpu": cpu, "memory": _in_steps(bytes_wanted, self.memory_step_mib * MIB)}


@dataclass(frozen=True)
class Size:
    """One size of a catalogue.

    Parameters
    ----------
    cpu_milli : int
        Milli-cores.
    memory_mib : int
        MiB.
    """

    cpu_milli: int
    memory_mib: int


@dataclass(frozen=True)
class Catalogue:
    """One of a few sizes, by weight, as where a platform team offers small, medium and large.

    Parameters
    ----------
    sizes : tuple[Size, ...]
    weights : tuple[float, ...]
        One a size; none: all alike.
    """

    sizes: tuple[Size, ...]
    weights: tuple[float, ...] = ()

    def draw(self, generator: np.random.Generator, count: int) -> Requests:
        """Draw one size a pod."""
        chosen = pick(generator, self.weights or (1.0,) * len(self.sizes), count)
        cpu = np.array([size.cpu_milli for size in self.sizes], np.int64)
        memory = np.array([size.memory_mib * MIB for size in self.sizes], np.int64)
        return {"cpu": cpu[chosen], "memory": memory[chosen]}


@dataclass(frozen=True)
class Mixture:
    """One of several shapes, by weight.

    Parameters
    ----------
    parts : tuple[tuple[float, Shape], ...]
        Weight and shape.
    """

    parts: tuple[tuple[float, Shape], ...]

    def draw(self, generator: np.random.Generator, count: int) -> Requests:
        """Draw the part of each pod, and every part for all pods, so that the parts' draws do not depend on the weights."""
        chosen = pick(generator, tuple(weight for weight, _ in self.parts), count)
        drawn = [shape.draw(generator, count) for _, shape in self.parts]
        resources = list(dict.fromkeys(name for requests in drawn for name in requests))
        zeros = np.zeros(count, np.int64)
        return {name: np.choose(chosen, [requests.get(name, zeros) for requests in drawn]) for name in resources}


@dataclass(frozen=True)
class WithResource:
    """A shape and a whole number of another resource beside it.

    Parameters
    ----------
    shape : Shape
    name : str
        For example `example.com/gpu`.
    amount : Distribution
        Units, rounded; 0 requests none.
    """

    shape: Shape
    name: str
    amount: Distribution

    def draw(self, generator: np.random.Generator, count: int) -> Requests:
        """Draw the shape, then the amount."""
        requests = dict(self.shape.draw(generator, count))
        requests[self.name] = np.maximum(np.rint(self.amount.draw(generator, count)), 0).astype(np.int64)
        return requests


def quantities(requests: Requests, index: int) -> dict[str, Quantity]:
    """Write the requests of one pod as its manifest would: `500m`, `1536Mi`; a request of 0 is left out."""
    return {name: _written(name, int(amounts[index])) for name, amounts in requests.items() if amounts[index]}


def _written(name: str, amount: int) -> Quantity:
    if name == "cpu":
        return Quantity.milli(amount)
    if name == "memory" and amount % MIB == 0:
        return Quantity.parse(f"{amount // MIB}Mi")
    return Quantity.of(amount)


def _in_steps(amounts: NDArray[np.float64], step: int) -> NDArray[np.int64]:
    return np.maximum(np.rint(amounts / step), 1).astype(np.int64) * step
