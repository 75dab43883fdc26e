"""Quantities, exact: Kubernetes keeps nothing finer than 1e-9, so a quantity is a whole number of nano-units.

Source: apimachinery pkg/api/resource/quantity.go, v1.35.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache, total_ordering
from typing import Any

NANO = 1_000_000_000
MAX_INT64 = (1 << 63) - 1

_DECIMAL = {"n": Fraction(1, NANO), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)} | {
    suffix: Fraction(1000**power) for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), start=1)
}
_BINARY = {suffix: Fraction(1024**power) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}
_FORM = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?[0-9]+)")
_MAX_EXPONENT = 1000
"""Beyond it any sensible amount is either the largest or the smallest there is; without a limit `1e999999999` fills the memory."""


@total_ordering
class Quantity:
    """An exact amount, as written in a manifest (`500m`, `1Gi`, `0.5`).

    Parameters
    ----------
    nanos : int
        The amount in units of 1e-9.
    text : str, optional
        How it was written; made up from the amount when absent.
    """

    __slots__ = ("_text", "nanos")

    def __init__(self, nanos: int, text: str | None = None) -> None:
        self.nanos = nanos
        self._text = text

    @classmethod
    def parse(cls, value: Any) -> Quantity:
        """Read a quantity from a manifest's string or number.

        Raises
        ------
        ValueError
            If the value is no quantity; the message shows it.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{value!r} is not a quantity (accepted: a number with an optional suffix, like 500m, 1.5, 2Gi)")
        return _parse(str(value))

    @classmethod
    def of(cls, units: int) -> Quantity:
        """A whole number of units (cores, bytes, devices)."""
        return cls(units * NANO)

    @classmethod
    def milli(cls, milli_units: int) -> Quantity:
        """A whole number of thousandths (milli-cores)."""
        return cls(milli_units * (NANO // 1000))

    def ceil_units(self) -> int:
        """The amount in units, rounded up."""
        return -(-self.nanos // NANO)

    def ceil_milli(self) -> int:
        """The amount in thousandths, rounded up."""
        return -(-self.nanos * 1000 // NANO)

    @property
    def is_written(self) -> bool:
        """Whether this is the amount as somebody wrote it, and not one that was computed."""
        return self._text is not None

    def canonical(self, *, binary: bool) -> Quantity:
        """Return the amount as Kubernetes writes it: a whole number with the largest suffix that leaves one.

        Examples
        --------
        >>> Quantity.of(3 << 30).canonical(binary=True), Quantity.of(2000).canonical(binary=False)
        (Quantity('3Gi'), Quantity('2k'))
        """
        units, rest = divmod(self.nanos, NANO)
        if rest or not units:
            return Quantity(self.nanos, _plain(self.nanos))
        base, suffixes = (1024, ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")) if binary else (1000, ("k", "M", "G", "T", "P", "E"))
        suffix = ""
        for larger in suffixes:
            if units % base:
                break
            units, suffix = units // base, larger
        return Quantity(self.nanos, f"{units}{suffix}")

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos + other.nanos)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos - other.nanos)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __str__(self) -> str:
        return self._text if self._text is not None else _plain(self.nanos)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"


@lru_cache(maxsize=65536)
def _parse(text: str) -> Quantity:
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a quantity (accepted: a number with an optional suffix, like 500m, 1.5, 2Gi)')
    sign, digits, suffix = match.groups()
    if suffix in _BINARY:
        scale = _BINARY[suffix]
    elif suffix in _DECIMAL:
        scale = _DECIMAL[suffix]
    else:
        scale = Fraction(10) ** max(-_MAX_EXPONENT, min(int(suffix[1:]), _MAX_EXPONENT))
    nanos = Fraction(digits) * scale * NANO
    # Anything finer than 1e-9 is rounded up in magnitude, so that a non-zero amount never becomes zero.
    whole = -(-nanos.numerator // nanos.denominator)
    whole = min(whole, MAX_INT64 * NANO)
    return Quantity(-whole if sign == "-" else whole, text)


def _plain(nanos: int) -> str:
    """Write an amount with the largest suffix that keeps it whole."""
    if nanos % NANO == 0:
        return str(nanos // NANO)
    for suffix, size in (("m", NANO // 1000), ("u", NANO // 10**6), ("n", 1)):
        if nanos % size == 0:
            return f"{nanos // size}{suffix}"
    raise AssertionError("every amount is a whole number of nano-units")
