"""The cluster and the pods of a throughput case: nodes of three sizes in three zones, pods of many classes interleaved at random."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from binpack.model.base import replace
from binpack.model.pod import Affinity, Pod, PodAffinity, PodAffinityTerm, TopologySpreadConstraint, WeightedPodAffinityTerm
from binpack.state.cluster import Cluster
from binpack.testing.nodes import node
from binpack.testing.owners import replica_set
from binpack.testing.pods import PodBuilder, pod
from binpack.testing.values import HOSTNAME, ZONE, selector

CORES = (16, 32, 64)
GIBIBYTES_PER_CORE = 4
PODS_PER_NODE = 110


class Mode(StrEnum):
    """What the pods ask for beside resources.

    `basic`: nothing. `softspread`: the default soft constraints over zones and hosts, for the pods of each class's ReplicaSet.
    `hardspread`: zones within a skew of 1. `prefaff`: preferably in a zone with its own kind. `antiaff`: never two on one host.
    """

    BASIC = "basic"
    SOFT_SPREAD = "softspread"
    HARD_SPREAD = "hardspread"
    PREFERRED_AFFINITY = "prefaff"
    ANTI_AFFINITY = "antiaff"


class Selectors(StrEnum):
    """Whose pods a selector matches: those of its own class, of ten classes, or all."""

    OWN = "own"
    TEN = "ten"
    ALL = "all"


@dataclass(frozen=True)
class Case:
    """One throughput case.

    Parameters
    ----------
    nodes, classes, pods : int
    mode : Mode
    zones : int
    selectors : Selectors
        Only for `softspread`: with anything but `own` the pods carry the same constraints themselves, since a ReplicaSet selects
        nobody else's pods.
    seed : int
        Of the order in which classes arrive.
    """

    nodes: int
    classes: int
    pods: int
    mode: Mode
    zones: int = 3
    selectors: Selectors = Selectors.OWN
    seed: int = 1

    def cluster(self) -> Cluster:
        """Build the empty cluster."""
        cluster = Cluster()
        for number in range(self.nodes):
            cores = CORES[number % len(CORES)]
            built = node(f"node-{number:06d}").cpu(str(cores)).memory(f"{cores * GIBIBYTES_PER_CORE}Gi").pods(PODS_PER_NODE)
            cluster.add_node(built.zone(f"zone-{number % self.zones}").build())
        if self.mode is Mode.SOFT_SPREAD and self.selectors is Selectors.OWN:
            for number in range(self.classes):
                cluster.put(replica_set(f"app-{number}", pod("template").label(app=f"app-{number}")))
        return cluster

    def waiting(self) -> list[Pod]:
        """Build the pods, classes interleaved at random. Pods of a class share their spec, as those of one template do."""
        templates = [self._template(number) for number in range(self.classes)]
        order = np.random.default_rng(self.seed).integers(self.classes, size=self.pods)
        return [
            replace(templates[of], metadata=replace(templates[of].metadata, name=f"pod-{number}"))
            for number, of in enumerate(order.tolist())
        ]

    def _template(self, number: int) -> Pod:
        app = f"app-{number}"
        built = pod(app).label(app=app, group=f"group-{number // 10}", all="yes")
        # 100 to 1,913 millicores and 128 to 2,507 MiB over 100 classes.
        place = number % 100
        built = built.request(cpu=f"{100 + round(place * 1813 / 99)}m", memory=f"{128 + round(((place * 37) % 100) * 2379 / 99)}Mi")
        return _with_mode(built, app, number, self.mode, self.selectors)


def _with_mode(built: PodBuilder, app: str, number: int, mode: Mode, selectors: Selectors) -> Pod:
    if mode is Mode.SOFT_SPREAD and selectors is Selectors.OWN:
        return built.owner("ReplicaSet", app).build()
    made = built.build()
    own = selector({"app": app})
    match mode:
        case Mode.SOFT_SPREAD:
            chosen = selector({"group": f"group-{number // 10}"} if selectors is Selectors.TEN else {"all": "yes"})
            constraints = tuple(
                TopologySpreadConstraint(max_skew=skew, topology_key=key, when_unsatisfiable="ScheduleAnyway", label_selector=chosen)
                for skew, key in ((3, HOSTNAME), (5, ZONE))
            )
            return replace(made, spec=replace(made.spec, topology_spread_constraints=constraints))
        case Mode.HARD_SPREAD:
            constraint = TopologySpreadConstraint(max_skew=1, topology_key=ZONE, when_unsatisfiable="DoNotSchedule", label_selector=own)
            return replace(made, spec=replace(made.spec, topology_spread_constraints=(constraint,)))
        case Mode.PREFERRED_AFFINITY | Mode.ANTI_AFFINITY:
            return replace(made, spec=replace(made.spec, affinity=_affinity(app, mode)))
        case _:
            return made


def _affinity(app: str, mode: Mode) -> Affinity:
    term = PodAffinityTerm(label_selector=selector({"app": app}), topology_key=HOSTNAME if mode is Mode.ANTI_AFFINITY else ZONE)
    if mode is Mode.ANTI_AFFINITY:
        return Affinity(pod_anti_affinity=PodAffinity((term,)))
    return Affinity(pod_affinity=PodAffinity((), (WeightedPodAffinityTerm(100, term),)))
