"""Quantities, in all the ways in which they can be written, and amounts of CPU and memory of a size that makes things fit and not fit."""

from __future__ import annotations

from functools import cache

from binpack.model.quantity import Quantity
from binpack.testing.hypothesis_import import strategies as st

DECIMAL_SUFFIXES = ("", "m", "k", "M", "G", "u", "n", "T")
BINARY_SUFFIXES = ("Ki", "Mi", "Gi", "Ti")


@cache
def quantity_texts() -> st.SearchStrategy[str]:
    """Texts that are quantities: whole and decimal numbers with any suffix, and exponents. Not negative."""
    numbers = st.one_of(
        st.integers(0, 10_000).map(str),
        st.tuples(st.integers(0, 999), st.integers(0, 999)).map(lambda parts: f"{parts[0]}.{parts[1]}"),
    )
    suffixed = st.tuples(numbers, st.sampled_from(DECIMAL_SUFFIXES + BINARY_SUFFIXES)).map("".join)
    exponents = st.tuples(numbers, st.sampled_from(("e", "E")), st.integers(-6, 6)).map(lambda parts: f"{parts[0]}{parts[1]}{parts[2]}")
    return st.one_of(suffixed, exponents)


@cache
def quantities() -> st.SearchStrategy[Quantity]:
    """Quantities as manifests have them, not negative."""
    return quantity_texts().map(Quantity.parse)


@cache
def cpu_amounts(most_milli: int = 2_000) -> st.SearchStrategy[Quantity]:
    """Whole milli-cores from 0, in steps that make sums coincide often."""
    return st.integers(0, most_milli // 100).map(lambda step: Quantity.milli(100 * step))


@cache
def memory_amounts(most_mib: int = 4_096) -> st.SearchStrategy[Quantity]:
    """Whole MiB from 0, in steps that make sums coincide often."""
    return st.integers(0, most_mib // 128).map(lambda step: Quantity.parse(f"{128 * step}Mi"))
