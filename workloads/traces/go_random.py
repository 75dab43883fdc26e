"""Go's `math/rand` of old: an additive lagged Fibonacci generator, to read the experiments of Go programs again draw by draw.

Only for that. Everything else here draws from numpy. The table that seeding mixes in is data of the caller's: Go's own comes with the
trace (`expected/go_rng_cooked.csv`, BSD-3-Clause, The Go Authors).
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import Any

LENGTH = 607
TAP = 273

_WORD = (1 << 64) - 1
_MODULUS = (1 << 31) - 1
_ZERO_SEED = 89482311
_WARM_UP = 20


class GoRandom:
    """The generator `rand.New(rand.NewSource(seed))`.

    Parameters
    ----------
    seed : int
    cooked : sequence of int
        The seeding table: `LENGTH` words of 64 bits, unsigned.
    """

    def __init__(self, seed: int, cooked: Sequence[int]) -> None:
        if len(cooked) != LENGTH:
            raise ValueError(f"a seeding table of {len(cooked)} words (accepted: {LENGTH})")
        self._tap, self._feed = 0, LENGTH - TAP
        self._words: list[int] = []
        x = seed % _MODULUS or _ZERO_SEED
        for _ in range(_WARM_UP):
            x = _step(x)
        for word in cooked:
            x = _step(x)
            mixed = x << 40
            x = _step(x)
            mixed ^= x << 20
            x = _step(x)
            self._words.append((mixed ^ x ^ word) & _WORD)

    def uint64(self) -> int:
        """Return the next 64 bits."""
        self._tap = (self._tap or LENGTH) - 1
        self._feed = (self._feed or LENGTH) - 1
        x = (self._words[self._feed] + self._words[self._tap]) & _WORD
        self._words[self._feed] = x
        return x

    def int63(self) -> int:
        """Return a number below 2^63."""
        return self.uint64() & (_WORD >> 1)

    def int31(self) -> int:
        """Return a number below 2^31."""
        return self.int63() >> 32

    def uint32(self) -> int:
        """Return a number below 2^32."""
        return self.int63() >> 31

    def intn(self, n: int) -> int:
        """Return a number below n, which is below 2^31."""
        if n & (n - 1) == 0:
            return self.int31() & (n - 1)
        highest = (1 << 31) - 1 - (1 << 31) % n
        drawn = self.int31()
        while drawn > highest:
            drawn = self.int31()
        return drawn % n

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Shuffle in place."""
        for i in range(len(items) - 1, 0, -1):
            j = self._below(i + 1)
            items[i], items[j] = items[j], items[i]

    def permutation(self, n: int) -> list[int]:
        """Return the numbers below n in random order."""
        drawn: list[int] = []
        for i in range(n):
            j = self.intn(i + 1)
            drawn.append(i)
            drawn[i] = drawn[j]
            drawn[j] = i
        return drawn

    def _below(self, n: int) -> int:
        """The multiplicative method, which `Shuffle` uses."""
        product = self.uint32() * n
        low = product & 0xFFFFFFFF
        if low < n:
            threshold = ((1 << 32) - n) % n
            while low < threshold:
                product = self.uint32() * n
                low = product & 0xFFFFFFFF
        return product >> 32


def _step(x: int) -> int:
    """48271 × x mod 2^31 - 1, as Schrage computes it."""
    high, low = divmod(x, 44488)
    x = 48271 * low - 3399 * high
    return x + _MODULUS if x < 0 else x
