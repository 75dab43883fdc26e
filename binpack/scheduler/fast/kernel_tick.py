"""Hands ticks to the compiled driver, and takes the placed pods over into the cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.plugins.requested_to_capacity_ratio import RequestedToCapacityRatio
from binpack.scheduler.fast.compile import PlanCompiler
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.extras import extra_mask, extra_scores
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.placed import Placed
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.fast.plans import Plans
from binpack.scheduler.fast.shape_codes import is_exact
from binpack.scheduler.fast.tables import ClassTables, NodeTables, TouchTables
from binpack.scheduler.kernels import layout as at
from binpack.scheduler.ties import Ties
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster


class KernelTick:
    """Decides and places the pods of a tick with kernels.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    compiler : PlanCompiler
    ties : Ties
    counters : Counters
    """

    def __init__(self, cluster: Cluster, profile: Profile, compiler: PlanCompiler, ties: Ties, counters: Counters) -> None:
        from binpack.scheduler.kernels.driver import make_driver

        self._driver = make_driver()
        self._cluster = cluster
        self._compiler = compiler
        self._counters = counters
        self._kube = ties is Ties.KUBE
        self._classes = ClassTables(cluster, compiler)
        self._touches = TouchTables(cluster)
        self._nodes = NodeTables(cluster)
        strategy = getattr(compiler.shapes.fit_score, "strategy", None)
        self._ratios = strategy.scores if isinstance(strategy, RequestedToCapacityRatio) else np.zeros(1, np.int64)
        # Not a power of two: lines that far apart would share their places in the processor's cache.
        self._states: NDArray[np.float64] = np.zeros((at.STATES, len(cluster.journal.ring) + 72), np.float64)
        self._laid_out: tuple[int, tuple[int, int], int] = (-1, (-1, -1), -1)
        self._labels: tuple[Hashable, NDArray[np.int32]] = (None, np.zeros((0, 0), np.int32))
        self._exact = False
        self._numbers: dict[PodClass, int] = {}
        self._numbers_as_of: Hashable = None
        weights = {plugin.name: weight for plugin, weight in profile.scores}
        self._control = np.zeros(at.CONTROL_WIDTH, np.int64)
        self._control[at.KUBE] = self._kube
        self._control[at.SPREAD_WEIGHT] = weights.get("PodTopologySpread", 0)
        self._control[at.AFFINITY_WEIGHT] = weights.get("InterPodAffinity", 0)
        self._control[at.STATIC_WEIGHTS : at.STATIC_WEIGHTS + 3] = compiler.statics.weights

    def place(self, pods: Sequence[Pod], plans: Plans, start: int, to_find: int) -> tuple[Placed, bool]:
        """Place pods until one is not covered, or fits nowhere; return what was placed, and whether the next fits nowhere."""
        classes, of_class = plans.of(pods)
        samples = to_find < len(self._cluster)
        # Where the search begins at another node for each pod, the tables are by the node list as it is.
        self._lay_out(0 if samples else start)
        self._control[at.START], self._control[at.TO_FIND] = start % len(self._cluster), to_find
        if not self._exact:
            return Placed([], [], start), False
        which = self._numbers_of(classes, of_class, (self._laid_out, plans.changes))
        if which[0] < 0:
            return Placed([], [], start), False
        self._touches.refresh(self._numbers, self._numbers_as_of)
        answers = np.zeros((at.ANSWERS, len(which)), np.int32)
        chosen = answers[at.CHOSEN]
        nodes: list[str] = []
        why = at.ASKS_PYTHON
        while len(nodes) < len(which) and why == at.ASKS_PYTHON:
            begin = len(nodes)
            count, why = self._call(which[begin:], answers[:, begin:], at.WHOLE)
            # Before Python is asked the cluster has to know all of them: what it begins to count now, it counts from its pods.
            nodes += self._adopted(pods, classes, chosen, begin, begin + count)
            if why == at.ASKS_PYTHON:
                one = slice(len(nodes), len(nodes) + 1)
                plan = of_class[classes[one.start]]
                assert plan is not None, "only classes with a plan have numbers"
                outcome = self._place_with_python(pods[one.start], plan, which[one], answers[:, one], start)
                if outcome == 0:
                    nodes += self._adopted(pods, classes, chosen, one.start, one.stop)
                else:
                    why = outcome
        placed = Placed(nodes, answers[at.LOOKED_AT, : len(nodes)].tolist(), int(self._control[at.START]))
        return placed, len(nodes) < len(pods) and why == at.NOWHERE

    def _adopted(self, pods: Sequence[Pod], classes: Sequence[PodClass], chosen: NDArray[np.int32], begin: int, end: int) -> list[str]:
        """Let the cluster take over some pods that were counted onto the chosen rows; return their nodes."""
        return self._cluster.adopt(pods[begin:end], classes[begin:end], chosen[begin:end].tolist())

    def _numbers_of(self, classes: Sequence[PodClass], plans: Mapping[PodClass, Plan | None], version: Hashable) -> NDArray[np.int32]:
        """The numbers of pods' classes, -1 for those that kernels do not cover; shape [pods]. They hold as long as layout and plans do."""
        if version != self._numbers_as_of:
            self._numbers, self._numbers_as_of = {}, version
        known = self._numbers
        missing = set(classes).difference(known)
        for pod_class in dict.fromkeys(classes) if missing else ():
            known[pod_class] = self._classes.number(plans[pod_class])
        return np.array([known[pod_class] for pod_class in classes], np.int32)

    def _place_with_python(self, pod: Pod, plan: Plan, which: NDArray[np.int32], answers: NDArray[np.int32], start: int) -> int:
        """Place one pod that plugins without cached parts have a say about; 0, or why it was not placed."""
        cluster, nodes = self._cluster, self._nodes
        epoch = cluster.counts.epoch
        try:
            nodes.shorts[at.MASK] = ~extra_mask(plan, pod, cluster)
            if epoch != cluster.counts.epoch:
                return at.NOT_COVERED
            _, why = self._call(which, answers, at.JUDGE)
            if why != at.JUDGED:
                return int(why)
            nodes.longs[at.EXTRA] = 0
            feasible = nodes.shorts[at.SCORES] >= 0
            if plan.scores and self._control[at.FEASIBLE] > 1:
                ordered = np.roll(cluster.rows_in_order(), -start)
                ordered = ordered[feasible[ordered]]
                nodes.longs[at.EXTRA, ordered] = extra_scores(plan, pod, cluster, ordered)
                if epoch != cluster.counts.epoch:
                    return at.NOT_COVERED
        except NotCachedError:
            return at.NOT_COVERED
        # A plugin may have begun to count something: the pod is to be counted there, too.
        self._touches.refresh(self._numbers, self._numbers_as_of)
        self._call(which, answers, at.CHOOSE)
        return 0

    def _call(self, which: NDArray[np.int32], answers: NDArray[np.int32], phase: int) -> tuple[int, int]:
        """Call the driver; return how many pods it placed, and why it stopped."""
        self._control[at.PHASE] = phase
        self._control[at.POSITION] = self._cluster.journal.position
        placed, why = self._driver(which, answers, self._control, *self._arrays())
        self._cluster.journal.position = int(self._control[at.POSITION])
        self._count(placed)
        return int(placed), int(why)

    def _lay_out(self, start: int) -> None:
        order = (self._cluster.node_version, start)
        version = (self._cluster.static_version, order, self._compiler.geometry.shapes_version)
        if version != self._laid_out:
            order_changed, shapes_changed = order != self._laid_out[1], version[2] != self._laid_out[2]
            self._laid_out = version
            if order_changed:
                self._nodes.lay_out(self._compiler, kube=self._kube, start=start)
            if shapes_changed:
                self._classes.lay_out()
            else:
                self._classes.follow(order_changed=order_changed and self._kube)
            self._exact = is_exact(self._cluster)
            # Every node has some cpu and some memory: then both count everywhere.
            self._control[at.USUAL_NODES] = bool((self._cluster.allocatable[:2, self._cluster.active] > 0).all())

    def _arrays(self) -> tuple[Any, ...]:
        cluster, counts, classes, nodes, touches = self._cluster, self._cluster.counts, self._classes, self._nodes, self._touches
        control, geometry, shapes = self._control, self._compiler.geometry, self._compiler.shapes
        control[at.ACTIVE], control[at.ZONES] = len(cluster), geometry.zones
        control[at.PATCHED : at.STAMP] = 0
        zone_codes = np.array([geometry.zone_codes(key) for key in classes.keys], np.int32).reshape(-1, geometry.zones)
        labels = self._labels_of(classes.keys)
        domains = counts.sums.values.shape[1] + 1
        marks, domain_values = np.zeros((at.MARKS, max(domains, 2)), np.int64), np.zeros(domains, np.float64)
        control[at.STAMP] = 0
        return (
            *(cluster.allocatable, cluster.requested, cluster.nonzero_requested, cluster.allowed_pods, cluster.pod_counts),
            *(self._ratios, cluster.journal.ring, self._states, classes.shapes, shapes.rest, shapes.positions),
            *(classes.static, classes.static_tables, classes.static_codes),
            *(counts.values, counts.sums.values, counts.sums.vectors, counts.sums.present),
            *(touches.starts, touches.touches, touches.sum_starts, touches.sums),
            *(zone_codes, labels, nodes.block_zone, classes.classes, classes.operations, classes.placed),
            *(classes.summaries, classes.masks, classes.words, classes.bits, classes.seen),
            *(nodes.ranks, nodes.block_ranks, nodes.list_positions, nodes.ordered, nodes.zone_bits, nodes.logs),
            *(nodes.by_zone, nodes.parts, nodes.levels, nodes.hosts, nodes.worth, nodes.bounds, nodes.scores, nodes.totals),
            *(nodes.tied, marks, domain_values, nodes.before, nodes.kept, nodes.dirty, nodes.lines, nodes.usual),
            *(nodes.shorts, nodes.longs, nodes.raw, nodes.row_bits),
        )

    def _labels_of(self, keys: Iterable[str]) -> NDArray[np.int32]:
        """The codes of topology keys by row, put together once as long as no node changes; shape [keys, capacity]."""
        version = (self._cluster.static_version, tuple(keys))
        if self._labels[0] != version:
            codes = np.array([self._cluster.label(key) for key in keys], np.int32).reshape(-1, self._cluster.capacity)
            self._labels = (version, codes)
        return self._labels[1]

    def _count(self, placed: int) -> None:
        control, counters = self._control, self._counters
        counters.decisions += placed
        counters.kernel_decisions += placed
        counters.rows_patched += int(control[at.PATCHED])
        counters.full_passes += int(control[at.FULL_PASSES])
        counters.blocks_summarised += int(control[at.SUMMARISED])
        counters.blocks_searched += int(control[at.SEARCHED])
        counters.row_by_row += int(control[at.BY_ROW])
