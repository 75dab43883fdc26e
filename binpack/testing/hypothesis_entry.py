"""What Hypothesis calls when it is loaded (entry-point group `hypothesis`): our types resolve in `st.from_type` and `st.builds`."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def register() -> None:
    """Register a strategy for each type that has one.

    The imports stand inside: until Hypothesis is loaded, nothing here costs anything. The strategies themselves are imported when a type is
    first resolved: Hypothesis may be loaded by their own import, and then they are not there yet.
    """
    from hypothesis import strategies as st

    from binpack.model.meta import LabelSelector, LabelSelectorRequirement
    from binpack.model.node import Node, Taint
    from binpack.model.pod import NodeSelectorTerm, Pod, PodAffinityTerm, Toleration, TopologySpreadConstraint
    from binpack.model.quantity import Quantity

    by_type: dict[type[Any], str] = {
        Quantity: "quantities",
        LabelSelector: "label_selectors",
        LabelSelectorRequirement: "label_requirements",
        NodeSelectorTerm: "node_selector_terms",
        Taint: "taints",
        Toleration: "tolerations",
        PodAffinityTerm: "pod_affinity_terms",
        TopologySpreadConstraint: "spread_constraints",
        Node: "nodes",
        Pod: "pods",
    }
    for kind, name in by_type.items():

        def resolve(_: type[Any], name: str = name) -> st.SearchStrategy[Any]:
            strategy: st.SearchStrategy[Any] = getattr(import_module("binpack.testing.strategies"), name)()
            return strategy

        st.register_type_strategy(kind, resolve)
