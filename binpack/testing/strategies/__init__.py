"""Hypothesis strategies of Kubernetes objects and clusters. They need the extra `testing`.

All draw from few names and values, so that selectors match, ports collide and nodes fill up; everything shrinks to the plainest object.
"""

from binpack.testing.strategies.clusters import ClusterCase, clusters
from binpack.testing.strategies.labels import label_requirements, label_selectors, labels, node_requirements, node_selector_terms
from binpack.testing.strategies.nodes import nodes, taints, tolerations
from binpack.testing.strategies.pods import FEATURES, Feature, pod_affinity_terms, pods, spread_constraints
from binpack.testing.strategies.quantities import cpu_amounts, memory_amounts, quantities, quantity_texts

__all__ = [
    "FEATURES",
    "ClusterCase",
    "Feature",
    "clusters",
    "cpu_amounts",
    "label_requirements",
    "label_selectors",
    "labels",
    "memory_amounts",
    "node_requirements",
    "node_selector_terms",
    "nodes",
    "pod_affinity_terms",
    "pods",
    "quantities",
    "quantity_texts",
    "spread_constraints",
    "taints",
    "tolerations",
]
