"""Does a plugin keep the contract? `check_plugin(MyPlugin())` runs it over generated clusters, in a test of yours."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from binpack.framework.points import Point
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod
from binpack.testing.hypothesis_import import hypothesis
from binpack.testing.hypothesis_import import strategies as st
from binpack.testing.plugin_contract import check_class_key, check_declaration, check_filter, check_score
from binpack.testing.strategies.clusters import ClusterCase, clusters
from binpack.testing.strategies.pods import FEATURES, Feature, pods

PLAIN = Pod(metadata=ObjectMeta(name="plain", namespace="default"))
DROPPABLE = (
    "tolerations",
    "node_selector",
    "affinity",
    "topology_spread_constraints",
    "containers",
    "init_containers",
    "priority",
    "volumes",
    "scheduling_gates",
)
"""Fields of a pod's spec that a variant of the pod is drawn without."""


def check_plugin(plugin: Any, *, features: Collection[Feature] = FEATURES, examples: int = 50, shrink: bool = True) -> None:
    """Hold a plugin to its contract over generated clusters and pods.

    What is checked: what it declares; that a filter's codes and a score's numbers have the right type and do not depend on which
    other rows are asked about; that each code has a status with reasons; that normalised scores lie in 0..100; that asking twice
    gives one answer and changes nothing; that a dry run's pod can be added and removed; that pods which its class key cannot tell
    apart are judged alike.

    Parameters
    ----------
    plugin : Plugin
        Built, with its arguments.
    features : collection of Feature
        What the generated pods may have; everything by default.
    examples : int
        How many cases are drawn; always the same ones.
    shrink : bool
        Search for the smallest case that breaks a promise; without, the first one found is reported, which is faster.

    Raises
    ------
    AssertionError
        With the broken promise and, by Hypothesis, the smallest case that breaks it.

    Examples
    --------
    >>> from binpack.plugins.taint_toleration import TaintToleration
    >>> check_plugin(TaintToleration(), examples=5)
    """
    check_declaration(plugin)

    skipped = () if shrink else (hypothesis.Phase.shrink, hypothesis.Phase.explain)

    @hypothesis.settings(
        phases=[phase for phase in hypothesis.Phase if phase not in skipped],
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(clusters(features=features, max_pending=0), pods(features=features), st.data())
    def run(case: ClusterCase, pod: Pod, data: st.DataObject) -> None:
        cluster = case.state()
        if Point.FILTER in plugin.points:
            check_filter(plugin, pod, cluster)
            check_class_key(plugin, pod, data.draw(_variants(pod)), cluster)
        if Point.SCORE in plugin.points:
            check_score(plugin, pod, cluster)

    run()


@st.composite
def _variants(draw: st.DrawFn, pod: Pod) -> Pod:
    """Draw the pod under another name, without some of its features, perhaps without its labels or in another namespace."""
    dropped = draw(st.sets(st.sampled_from(DROPPABLE)))
    spec = replace(pod.spec, **{field: getattr(PLAIN.spec, field) for field in sorted(dropped)})
    labels = draw(st.sampled_from((pod.metadata.labels, {})))
    namespace = draw(st.sampled_from((pod.metadata.namespace, "other")))
    return replace(pod, metadata=replace(pod.metadata, name="variant", labels=labels, namespace=namespace), spec=spec)
