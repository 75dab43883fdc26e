"""The part of the pod builder that says where a pod may go: node selection, pod affinity, topology spread."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from binpack.model.base import replace
from binpack.model.meta import LabelSelector, LabelSelectorRequirement
from binpack.model.pod import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorTerm,
    Pod,
    PodAffinity,
    PodAffinityTerm,
    PreferredSchedulingTerm,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)
from binpack.testing.values import HOSTNAME, Selector, expression, selector


class PlacementMethods:
    """Methods that constrain where a pod may be placed."""

    draft: Pod

    @abstractmethod
    def _spec(self, **changes: Any) -> Self: ...

    def selects(self, labels: Mapping[str, str] | None = None, **named: str) -> Self:
        """Add to the node selector."""
        return self._spec(node_selector=self.draft.spec.node_selector | dict(labels or {}) | named)

    def requires_node(self, *expressions: LabelSelectorRequirement) -> Self:
        """Add one term of required node affinity. Its expressions must all hold; a node needs to meet one term of all that are added."""
        return self._required_term(NodeSelectorTerm(match_expressions=expressions))

    def requires_node_named(self, name: str) -> Self:
        """Add a required term on the field `metadata.name`, as the DaemonSet controller does."""
        return self._required_term(NodeSelectorTerm(match_fields=(expression("metadata.name", "In", name),)))

    def prefers_node(self, weight: int, *expressions: LabelSelectorRequirement) -> Self:
        """Add one preferred term of node affinity."""
        affinity = self._node_affinity()
        preferred = affinity.preferred_during_scheduling_ignored_during_execution or ()
        term = PreferredSchedulingTerm(weight, NodeSelectorTerm(match_expressions=expressions))
        return self._affinity(node_affinity=replace(affinity, preferred_during_scheduling_ignored_during_execution=(*preferred, term)))

    def near(
        self,
        labels: Selector | None,
        topology_key: str = HOSTNAME,
        *,
        weight: int | None = None,
        namespaces: Sequence[str] = (),
        namespace_selector: LabelSelector | None = None,
    ) -> Self:
        """Add pod affinity to pods with these labels: required, or preferred with a weight. None as labels selects no pod."""
        term = _pod_term(labels, topology_key, namespaces, namespace_selector)
        present = (self.draft.spec.affinity or Affinity()).pod_affinity or PodAffinity()
        return self._affinity(pod_affinity=_with_term(present, term, weight))

    def apart_from(
        self,
        labels: Selector | None,
        topology_key: str = HOSTNAME,
        *,
        weight: int | None = None,
        namespaces: Sequence[str] = (),
        namespace_selector: LabelSelector | None = None,
    ) -> Self:
        """Add pod anti-affinity to pods with these labels: required, or preferred with a weight. None as labels selects no pod."""
        term = _pod_term(labels, topology_key, namespaces, namespace_selector)
        present = (self.draft.spec.affinity or Affinity()).pod_anti_affinity or PodAffinity()
        return self._affinity(pod_anti_affinity=_with_term(present, term, weight))

    def spread(
        self,
        topology_key: str,
        *,
        max_skew: int = 1,
        when: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule",
        labels: Selector | None = None,
        min_domains: int | None = None,
        node_affinity_policy: str | None = None,
        node_taints_policy: str | None = None,
        match_label_keys: Sequence[str] = (),
    ) -> Self:
        """Add a topology spread constraint over pods with these labels; without any, over those with the labels that the pod has now."""
        constraint = TopologySpreadConstraint(
            max_skew=max_skew,
            topology_key=topology_key,
            when_unsatisfiable=when,
            label_selector=selector(self.draft.metadata.labels if labels is None else labels),
            min_domains=min_domains,
            node_affinity_policy=node_affinity_policy,
            node_taints_policy=node_taints_policy,
            match_label_keys=tuple(match_label_keys),
        )
        return self.with_spread(constraint)

    def with_spread(self, *constraints: TopologySpreadConstraint) -> Self:
        """Add topology spread constraints that are built already."""
        return self._spec(topology_spread_constraints=(*self.draft.spec.topology_spread_constraints, *constraints))

    def _node_affinity(self) -> NodeAffinity:
        return (self.draft.spec.affinity or Affinity()).node_affinity or NodeAffinity()

    def _required_term(self, term: NodeSelectorTerm) -> Self:
        affinity = self._node_affinity()
        present = affinity.required_during_scheduling_ignored_during_execution or NodeSelector()
        required = NodeSelector((*present.node_selector_terms, term))
        return self._affinity(node_affinity=replace(affinity, required_during_scheduling_ignored_during_execution=required))

    def _affinity(self, **changes: Any) -> Self:
        return self._spec(affinity=replace(self.draft.spec.affinity or Affinity(), **changes))


def _pod_term(
    labels: Selector | None, topology_key: str, namespaces: Sequence[str], namespace_selector: LabelSelector | None
) -> PodAffinityTerm:
    return PodAffinityTerm(
        label_selector=None if labels is None else selector(labels),
        topology_key=topology_key,
        namespaces=tuple(namespaces),
        namespace_selector=namespace_selector,
    )


def _with_term(present: PodAffinity, term: PodAffinityTerm, weight: int | None) -> PodAffinity:
    if weight is None:
        required = (*present.required_during_scheduling_ignored_during_execution, term)
        return replace(present, required_during_scheduling_ignored_during_execution=required)
    preferred = (*present.preferred_during_scheduling_ignored_during_execution, WeightedPodAffinityTerm(weight, term))
    return replace(present, preferred_during_scheduling_ignored_during_execution=preferred)
