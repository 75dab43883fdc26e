"""Prices of nodes by instance type, as integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from binpack.errors import ConfigurationError
from binpack.model.node import Node
from binpack.optimal.problem import Integers

INSTANCE_TYPE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
FINEST_PRICE = 10**6


def costs_of(nodes: Sequence[Node], prices: Mapping[str, float | str] | None) -> tuple[Integers, int]:
    """Return each node's price as an integer, and how many of these units make a unit of the prices.

    One unit is the largest amount that all prices are multiples of, and not below a millionth.

    Raises
    ------
    ConfigurationError
        If there are no prices, if a node has no instance type or one without a price, or if a price is no number >= 0.
    """
    if prices is None:
        raise ConfigurationError("prices: the objective cost needs a price for each instance type (accepted: a mapping from type to price)")
    kinds = [next((node.metadata.labels[label] for label in INSTANCE_TYPE_LABELS if label in node.metadata.labels), "") for node in nodes]
    problems = sorted({_price_problem(kind, node.name, prices) for kind, node in zip(kinds, nodes, strict=True)} - {""})
    if problems:
        raise ConfigurationError(*problems)
    exact = [Fraction(str(prices[kind])).limit_denominator(FINEST_PRICE) for kind in kinds]
    unit = int(np.lcm.reduce([price.denominator for price in exact])) if exact else 1
    if unit > FINEST_PRICE:
        exact, unit = [Fraction(round(price * FINEST_PRICE), FINEST_PRICE) for price in exact], FINEST_PRICE
    return np.array([int(price * unit) for price in exact], np.int64), unit


def _price_problem(kind: str, node: str, prices: Mapping[str, float | str]) -> str:
    if not kind:
        return f'prices: node "{node}" has no label {INSTANCE_TYPE_LABELS[0]} (accepted: nodes with an instance type)'
    if kind not in prices:
        return f'prices: no price for instance type "{kind}" (given: {", ".join(sorted(prices)) or "none"})'
    try:
        price = Fraction(str(prices[kind]))
    except (ValueError, ZeroDivisionError):
        return f'prices: "{prices[kind]}" for instance type "{kind}" (accepted: a number >= 0)'
    return f'prices: {prices[kind]} for instance type "{kind}" (accepted: a number >= 0)' if price < 0 else ""
