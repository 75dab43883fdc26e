"""Instance types of our own making, as clouds offer them: sizes in powers of two, three memory ratios, two architectures, linear prices.

No provider's list is copied. What a node's pods may use is less than the machine has, by reservations of the common tiered kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from binpack.errors import ConfigurationError
from binpack.units import GIB, MIB, MILLI_PER_CORE

FAMILIES = {"compute": 2, "general": 4, "memory": 8}
"""Family name to GiB of memory for each core."""

SIZES = (2, 4, 8, 16, 32, 64)
"""Cores."""

PRICE_MICROS_PER_CORE = 22_000
PRICE_MICROS_PER_GIB = 3_500
ARM_PRICE_PERCENT = 80
PODS = 110


@dataclass(frozen=True)
class InstanceType:
    """A kind of machine.

    Parameters
    ----------
    name : str
        Value of the label `node.kubernetes.io/instance-type`.
    cores : int
    memory_gib : int
    architecture : str
        `amd64` or `arm64`.
    price_micros : int
        Price of an hour on demand, in millionths of a currency unit.
    """

    name: str
    cores: int
    memory_gib: int
    architecture: str
    price_micros: int

    @property
    def allocatable_cpu_milli(self) -> int:
        """Milli-cores for pods: all but 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the others."""
        return self.cores * MILLI_PER_CORE - int(_tiered(self.cores, ((1, 60.0), (1, 10.0), (2, 5.0), (None, 2.5))))

    @property
    def allocatable_memory_bytes(self) -> int:
        """Bytes for pods: all but 100 MiB and 25 % of the first 4 GiB, 20 % of the next 4, 10 % of 8 more, 6 % of 112 more, 2 % above."""
        reserved_mib = _tiered(self.memory_gib, ((4, 256.0), (4, 204.8), (8, 102.4), (112, 61.44), (None, 20.48)))
        return self.memory_gib * GIB - int(reserved_mib + 100) * MIB


@cache
def catalogue() -> dict[str, InstanceType]:
    """Return all instance types by name, for example `general-16` (16 cores, 64 GiB) and `memory-8-arm` (8 cores, 64 GiB).

    Returns
    -------
    dict[str, InstanceType]
        In order of architecture, family and size.
    """
    types: dict[str, InstanceType] = {}
    for architecture, suffix, percent in (("amd64", "", 100), ("arm64", "-arm", ARM_PRICE_PERCENT)):
        for family, ratio in FAMILIES.items():
            for cores in SIZES:
                price = (cores * PRICE_MICROS_PER_CORE + cores * ratio * PRICE_MICROS_PER_GIB) * percent // 100
                name = f"{family}-{cores}{suffix}"
                types[name] = InstanceType(name, cores, cores * ratio, architecture, price)
    return types


def instance_type(name: str) -> InstanceType:
    """Look an instance type up.

    Raises
    ------
    ConfigurationError
        If the catalogue has no such name.
    """
    try:
        return catalogue()[name]
    except KeyError:
        raise ConfigurationError(f'instance type "{name}" is not in the catalogue (accepted: {", ".join(catalogue())})') from None


def _tiered(amount: int, tiers: tuple[tuple[int | None, float], ...]) -> float:
    """Sum a rate over tiers of the amount; the last tier has no end."""
    total = 0.0
    for width, rate in tiers:
        part = amount if width is None else min(amount, width)
        total += part * rate
        amount -= part
    return total
