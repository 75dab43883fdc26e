"""NodeAffinity: nodes that a pod requires by selector and affinity, and those that it prefers.

Source: nodeaffinity/node_affinity.go and component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.errors import ConfigurationError, SchedulingError
from binpack.framework.arguments import NodeAffinityArgs
from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Shortlist, Skip
from binpack.framework.normalize import default_normalization
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.node import Node
from binpack.model.pod import NodeSelectorTerm, Pod, PreferredSchedulingTerm
from binpack.model.selectors import NodeTerm, SelectorError, compile_node_term
from binpack.plugins.node_matching import RowTerm, any_of, compile_term
from binpack.plugins.required_node_affinity import RowRequirement, node_affinity_of, required_node_affinity, required_terms
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NOT_OWN = np.uint32(1)
NOT_ENFORCED = np.uint32(2)
_REASONS = {
    int(NOT_OWN): "node(s) didn't match Pod's node affinity/selector",
    int(NOT_ENFORCED): "node(s) didn't match scheduler-enforced node affinity",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the filter looks up: the pod's own requirement, and the terms of the added one (None: nothing is added)."""

    own: RowRequirement
    added: tuple[RowTerm, ...] | None


@dataclass(frozen=True, slots=True)
class Preference:
    """A preferred term and what it is worth."""

    weight: int
    term: NodeTerm


@dataclass(frozen=True, slots=True)
class RowPreference:
    """A preferred term compiled for rows."""

    weight: int
    term: RowTerm


class NodeAffinity:
    """Judges each distinct label value once, and rows by looking up their codes.

    Parameters
    ----------
    arguments : NodeAffinityArgs
        `addedAffinity` holds for every pod, beside the pod's own.
    """

    name: ClassVar[str] = "NodeAffinity"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ("nodeSelector", "affinity")
    arguments: ClassVar[type | None] = NodeAffinityArgs
    default_weight: ClassVar[int] = 2
    normalize = default_normalization

    def __init__(self, arguments: NodeAffinityArgs) -> None:
        added = arguments.added_affinity
        required = None if added is None else added.required_during_scheduling_ignored_during_execution
        preferred = None if added is None else added.preferred_during_scheduling_ignored_during_execution
        try:
            self._added_terms = None if required is None else _parse_all(required.node_selector_terms)
            self._added_preferences = None if preferred is None else _preferences(preferred)
        except SelectorError as error:
            raise ConfigurationError(f"NodeAffinityArgs.addedAffinity: {error}") from None

    @property
    def events(self) -> tuple[EventHint, ...]:
        """A node that comes, or whose labels change, may match now."""
        return (EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_LABEL, self._began_to_match),)

    def prepare(self, pod: Pod, cluster: Cluster) -> Prepared | Shortlist | Status | Skip:
        """Compile what the pod requires; terms that all name their nodes make a shortlist."""
        own = required_node_affinity(pod)
        if own.is_empty and self._added_terms is None:
            return SKIP
        added = None if self._added_terms is None else tuple(compile_term(term, cluster) for term in self._added_terms)
        prepared = Prepared(own.compile(cluster), added)
        names = _named_nodes(required_terms(pod) or ())
        if names is None:
            return prepared
        return Shortlist(names, prepared) if names else unresolvable("pod affinity terms conflict")

    def filter(self, prepared: Prepared, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: 1 where the pod's own requirement is not met, 2 where the added one is not; shape [len(rows)]."""
        codes = np.where(prepared.own.mask(rows), np.uint32(0), NOT_OWN)
        if prepared.added is not None:
            codes[~any_of(prepared.added, rows)] = NOT_ENFORCED
        return codes

    def status(self, prepared: Prepared, code: int) -> Status:
        """Translate a code into a status with its reasons."""
        return unresolvable(_REASONS[code])

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> tuple[RowPreference, ...] | Skip:
        """Compile what the pod prefers.

        Raises
        ------
        SchedulingError
            If a preferred term with a weight cannot be parsed.
        """
        affinity = node_affinity_of(pod)
        preferred = None if affinity is None else affinity.preferred_during_scheduling_ignored_during_execution
        if preferred is None and self._added_preferences is None:
            return SKIP
        try:
            own = _preferences(preferred or ())
        except SelectorError as error:
            raise SchedulingError(f'pod "{pod.key}": preferred node affinity: {error}') from None
        return tuple(RowPreference(p.weight, compile_term(p.term, cluster)) for p in (*own, *(self._added_preferences or ())))

    def score(self, prepared: tuple[RowPreference, ...], rows: NodeRows) -> NDArray[np.int64]:
        """Sum the weights of the preferred terms that hold, shape [len(rows)]."""
        scores = np.zeros(len(rows), np.int64)
        for preference in prepared:
            scores += preference.weight * preference.term.mask(rows)
        return scores

    def _began_to_match(self, pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
        """The node matches, and it is new or did not match the pod's own requirement before."""
        node: Node = event.after
        added = self._added_terms
        if added is not None and not any(term.matches(node.metadata.labels, node.name) for term in added):
            return False
        own = required_node_affinity(pod)
        if not own.matches(node):
            # Upstream the hint fails over a term that it cannot parse, and a hint that fails wakes the pod. The selector is asked first.
            return own.unparsable and own.selector.matches(node.metadata.labels)
        return event.before is None or not own.matches(event.before)


def _parse_all(terms: Iterable[NodeSelectorTerm]) -> tuple[NodeTerm, ...]:
    compiled = (compile_node_term(term) for term in terms)
    return tuple(term for term in compiled if term is not None)


def _preferences(terms: Iterable[PreferredSchedulingTerm]) -> tuple[Preference, ...]:
    """Parse preferred terms; one without a weight is not even looked at, an empty one counts for nothing."""
    compiled = ((term.weight, compile_node_term(term.preference)) for term in terms if term.weight != 0)
    return tuple(Preference(weight, term) for weight, term in compiled if term is not None)


def _named_nodes(terms: tuple[NodeSelectorTerm, ...]) -> frozenset[str] | None:
    """Return the nodes to which the terms' `metadata.name In` fields confine the pod; None if a term (or there being none) does not."""
    named: frozenset[str] = frozenset()
    for term in terms:
        fields = [frozenset(f.values) for f in term.match_fields if f.key == "metadata.name" and f.operator == "In"]
        if not fields:
            return None
        named |= frozenset.intersection(*fields)
    return named if terms else None
