"""Prices by instance type, from a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from binpack.errors import ConfigurationError, ManifestError
from binpack.model.field_errors import short
from binpack.model.files import name_of, read_bytes
from binpack.model.node import Node
from binpack.model.yaml import load_documents
from binpack.optimal.prices import INSTANCE_TYPE_LABELS


def read_prices(path: Path, nodes: Iterable[Node]) -> dict[str, float | str]:
    """Read a mapping from instance type to price, in YAML or JSON, and see that it has a price for every node.

    Parameters
    ----------
    path : Path
        `-` is standard input.
    nodes : iterable of Node

    Raises
    ------
    ConfigurationError
        If it is no such mapping; one line names all instance types that are lacking.
    """
    source = None if str(path) == "-" else path
    try:
        documents = [document for document in load_documents(read_bytes(source).decode(), name_of(source)) if document is not None]
    except ManifestError as error:
        raise ConfigurationError(str(error)) from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ConfigurationError(f"{name_of(source)}: holds no prices (accepted: a mapping from instance type to price, `m5.large: 0.096`)")
    prices = {str(kind): price for kind, price in documents[0].items()}
    problems = [
        f"{name_of(source)}: {kind}: {short(price)} is no price (accepted: a number >= 0)"
        for kind, price in prices.items()
        if not _is_price(price)
    ]
    lacking = dict.fromkeys(kind for node in nodes if (kind := _instance_type(node)) and kind not in prices)
    if lacking:
        problems.append(f"{name_of(source)}: lacks a price for {', '.join(sorted(lacking))} (given: {', '.join(sorted(prices)) or 'none'})")
    if problems:
        raise ConfigurationError(*problems)
    return prices


def _is_price(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return 0 <= float(value) < float("inf")
    except ValueError:
        return False


def _instance_type(node: Node) -> str | None:
    return next((node.metadata.labels[label] for label in INSTANCE_TYPE_LABELS if label in node.metadata.labels), None)
