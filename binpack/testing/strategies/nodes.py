"""Nodes: a few cores, a zone or none, taints and labels out of small sets, sometimes cordoned."""

from __future__ import annotations

from functools import cache
from typing import Any

from binpack.model.node import Node, Taint
from binpack.model.pod import Toleration
from binpack.model.quantity import Quantity
from binpack.testing.hypothesis_import import strategies as st
from binpack.testing.nodes import NodeBuilder, node
from binpack.testing.strategies.labels import RANKS, VALUES
from binpack.testing.strategies.quantities import cpu_amounts, memory_amounts
from binpack.testing.values import ZONE

TAINT_KEYS = ("spot", "gpu")
TAINT_VALUES = ("", "true")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
EXTENDED_RESOURCE = "example.com/gpu"
IMAGES = ("web:1", "web:2", "db:1")


@cache
def taints() -> st.SearchStrategy[Taint]:
    """Taints out of a small set."""
    parts = st.tuples(st.sampled_from(TAINT_KEYS), st.sampled_from(TAINT_VALUES), st.sampled_from(EFFECTS))
    return parts.map(lambda values: Taint(*values))


@cache
def tolerations() -> st.SearchStrategy[Toleration]:
    """Tolerations: of a key, of a key and value, of everything; of one effect or of all."""
    key, effect = st.sampled_from(TAINT_KEYS), st.sampled_from(("", *EFFECTS))
    of_key = st.tuples(key, st.just("Exists"), st.just(""), effect)
    of_value = st.tuples(key, st.sampled_from(("", "Equal")), st.sampled_from(TAINT_VALUES), effect)
    of_all = st.tuples(st.just(""), st.just("Exists"), st.just(""), effect)
    return st.one_of(of_key, of_value, of_all).map(lambda parts: Toleration(*parts))


def nodes(*, name: str = "node", tainted: bool = True) -> st.SearchStrategy[Node]:
    """Nodes.

    Parameters
    ----------
    name : str
    tainted : bool
        Whether they may have taints or be cordoned.
    """
    return _parts(tainted).map(lambda parts: _assembled(node(name), **parts))


@cache
def _parts(tainted: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the parts of a node; built once, since building strategies costs more than drawing from them."""
    images = st.tuples(st.sampled_from(IMAGES), st.sampled_from(("10Mi", "300Mi", "2Gi")))
    present = st.fixed_dictionaries(
        {}, optional={ZONE: st.sampled_from(VALUES), "disk": st.sampled_from(VALUES), "rank": st.sampled_from(RANKS)}
    )
    parts: dict[str, st.SearchStrategy[Any]] = {
        "amounts": st.tuples(cpu_amounts(8_000), memory_amounts(8_192), st.integers(1, 8)),
        "labels": present,
        "devices": st.one_of(st.none(), st.integers(0, 3)),
        "images": st.lists(images, max_size=2, unique_by=lambda image: image[0]),
    }
    # Most nodes are open, so that most pods find one.
    optional: dict[str, st.SearchStrategy[Any]] = {}
    if tainted:
        optional["taints"] = st.lists(taints(), max_size=2, unique_by=lambda taint: (taint.key, taint.effect))
        optional["cordoned"] = st.sampled_from((False, False, True))
    return st.fixed_dictionaries(parts, optional=optional)


def _assembled(
    builder: NodeBuilder,
    *,
    amounts: tuple[Quantity, Quantity, int],
    labels: dict[str, str],
    devices: int | None,
    images: list[tuple[str, str]],
    taints: list[Taint] | None = None,
    cordoned: bool = False,
) -> Node:
    cpu, memory, pods = amounts
    builder = builder.cpu(cpu).memory(memory).pods(pods).label(labels).with_taints(*(taints or ()))
    if devices is not None:
        builder = builder.resource(EXTENDED_RESOURCE, devices)
    for image, size in images:
        builder = builder.image(image, size=size)
    return (builder.cordon() if cordoned else builder).build()
