"""The one place that makes randomness: independent streams, each drawn from the run's seed by its name.

A stream depends on nothing but the seed and its name, so that two policies run with one seed meet the same arrivals, the same
failures and the same durations, however differently they use their own randomness (common random numbers).
"""

from __future__ import annotations

import hashlib

import numpy as np


class Streams:
    """Named random generators of one run.

    Parameters
    ----------
    seed : int
        The run's seed, not negative.

    Examples
    --------
    >>> first, second = Streams(7).named("arrivals"), Streams(7).named("arrivals")
    >>> bool(first.random() == second.random())
    True
    """

    __slots__ = ("_generators", "seed")

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise ValueError(f"a seed of {seed} is negative (accepted: whole numbers from 0)")
        self.seed = seed
        self._generators: dict[str, np.random.Generator] = {}

    def named(self, name: str) -> np.random.Generator:
        """Return the stream of that name; asked twice, the same generator, further on in its stream."""
        generator = self._generators.get(name)
        if generator is None:
            generator = self._generators[name] = stream(self.seed, name)
        return generator


def stream(seed: int, name: str) -> np.random.Generator:
    """Begin a stream anew: the same seed and name give the same numbers.

    The name enters as its hash in the spawn key of numpy's `SeedSequence`, whose streams are independent for distinct keys.
    """
    digest = hashlib.sha256(name.encode()).digest()
    spawn_key = tuple(int.from_bytes(digest[start : start + 4], "little") for start in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=spawn_key)))
