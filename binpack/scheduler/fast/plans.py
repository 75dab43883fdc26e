"""The plans of all classes that were met, and what voids them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from binpack.errors import SchedulingError
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.model.selectors import SelectorError
from binpack.plugins.carried_terms import terms_in
from binpack.scheduler.fast.compile import PlanCompiler
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.plan import Plan
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster

_OWNERS = ("Service", "ReplicationController", "ReplicaSet", "StatefulSet")
_ATTEMPTS = 6
"""Compiling may read labels that told no pods apart before, and then all classes are found anew: a few rounds settle it."""


@dataclass(slots=True)
class _Kept:
    plan: Plan | None
    version: Hashable
    terms: int
    carried: Hashable
    owners: Hashable


class Plans:
    """Plans by pod class for one cluster and profile.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    counters : Counters

    Attributes
    ----------
    compiler : PlanCompiler
    changes : int
        Moves whenever a plan was compiled or thrown away.
    """

    def __init__(self, cluster: Cluster, profile: Profile, counters: Counters) -> None:
        self._cluster = cluster
        self.compiler = PlanCompiler(cluster, profile, counters)
        self.changes = 0
        self._kept: dict[PodClass, _Kept] = {}
        self._epoch: Hashable = None
        self._announced: Hashable = None
        # What was found right, and under which versions: as long as they stand still nothing need be looked at again.
        self._right: dict[PodClass, Plan | None] = {}
        self._right_as_of: Hashable = None

    def of(self, pods: Sequence[Pod]) -> tuple[list[PodClass], Mapping[PodClass, Plan | None]]:
        """Return the class of each pod, and the plans of classes, of these at least; None for what goes the plain way.

        All are right as of now.
        """
        cluster, compiler = self._cluster, self.compiler
        # The node list is put in order when it is first read after a join, as by a cycle of the plain way: when matters.
        cluster.rows_in_order()
        if compiler.geometry.refresh():
            compiler.shapes.grow()
            compiler.vectors.refresh()
        self._announce()
        for _ in range(_ATTEMPTS):
            epoch = self._forget_void()
            classes = cluster.classes.of_all(pods)
            version, terms, owners = self._version(), len(terms_in(cluster)), tuple(cluster.catalog.version(kind) for kind in _OWNERS)
            if self._right_as_of != (epoch, version, terms, owners):
                self._right, self._right_as_of = {}, (epoch, version, terms, owners)
            plans = self._right
            missing = set(classes).difference(plans)
            if not missing:
                return classes, plans
            examples = {each: pod for each, pod in zip(reversed(classes), reversed(pods), strict=True) if each in missing}
            for pod_class, pod in examples.items():
                plan = self._plan(pod, pod_class, version, terms, owners)
                if epoch != self._current_epoch():
                    break
                plans[pod_class] = plan
            self._announce()
            if epoch == self._current_epoch():
                return classes, plans
        classes = cluster.classes.of_all(pods)
        return classes, dict.fromkeys(classes)

    def _announce(self) -> None:
        """Let labels tell classes apart that are read of a pod which is yet to come: by Services, and by terms of other pods."""
        cluster, terms = self._cluster, terms_in(self._cluster)
        version = (cluster.catalog.version("Service"), len(terms))
        if version != self._announced:
            self._announced = version
            services = {key for service in cluster.catalog.list("Service") for key in service.spec.selector or ()}
            cluster.read_labels(terms.label_keys | services)

    def _forget_void(self) -> Hashable:
        epoch = self._current_epoch()
        if epoch != self._epoch:
            if self._epoch is not None:
                self._kept.clear()
                self.compiler.vectors.clear()
                self.changes += 1
            self._epoch = epoch
        return epoch

    def _current_epoch(self) -> Hashable:
        return self._cluster.counts.epoch, self.compiler.shapes.epoch

    def _version(self) -> Hashable:
        cluster = self._cluster
        return cluster.catalog.version("Namespace"), self.compiler.geometry.shapes_version, cluster.ports_were_shared

    def _plan(self, pod: Pod, pod_class: PodClass, version: Hashable, terms: int, owners: Hashable) -> Plan | None:
        kept = self._kept.get(pod_class)
        if kept is not None and kept.version == version and self._is_right(kept, pod, terms, owners):
            return kept.plan
        carried = self.compiler.carried_terms(pod)
        plan = self._compile(pod)
        if plan is not None and plan.pod_class is not pod_class:
            plan = replace(plan, pod_class=pod_class)
        self._kept[pod_class] = _Kept(plan, version, terms, carried, owners)
        self.changes += 1
        return plan

    def _is_right(self, kept: _Kept, pod: Pod, terms: int, owners: Hashable) -> bool:
        """Tell whether a plan stands though pods came with new terms, or owners changed: if nothing of it is about its pods."""
        if kept.terms != terms:
            if kept.carried != self.compiler.carried_terms(pod):
                return False
            kept.terms = terms
        if kept.owners != owners:
            if kept.plan is None or kept.plan.default_selector != self.compiler.default_selector(pod):
                return False
            kept.owners = owners
        return True

    def _compile(self, pod: Pod) -> Plan | None:
        try:
            return self.compiler.compile(pod)
        except (NotCachedError, SchedulingError, SelectorError):
            return None
