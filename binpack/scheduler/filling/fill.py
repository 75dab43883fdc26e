"""Filling a cluster, by the kernel where it reaches: a single policy for devices over the usual filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.framework.profile import ALL_NODES, Profile
from binpack.model.pod import Pod
from binpack.plugins.gpu_share import GpuShare
from binpack.plugins.research.fgd import FGD
from binpack.plugins.research.fgd_best_fit import FGDBestFit
from binpack.plugins.research.fgd_dot_prod import FGDDotProd
from binpack.plugins.research.fgd_random import FGDRandom
from binpack.plugins.research.fragmentation import Bucket, target_of
from binpack.plugins.research.gpu_clustering import GpuClustering
from binpack.plugins.research.gpu_packing import GpuPacking
from binpack.plugins.research.typical_pods import TypicalPod
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.filling.plain import fill_plainly
from binpack.scheduler.filling.run import NOWHERE, FillingRun
from binpack.scheduler.filling.tables import Tables, make_tables, target_arrays
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster

_TIES = {Ties.FIRST: 0, Ties.KUBE: 1, Ties.RANDOM: 2}


def fill(
    cluster: Cluster,
    profile: Profile,
    pods: Sequence[Pod],
    arrivals: NDArray[np.int64],
    *,
    ties: Ties,
    typical: Sequence[TypicalPod],
    generator: np.random.Generator,
    float_scores: bool = False,
    kernels: bool | None = None,
) -> FillingRun:
    """Let pods arrive, each placed for ever or dropped.

    Parameters
    ----------
    cluster : Cluster
        Read only by the kernel; the plain way leaves the pods on it.
    profile : Profile
    pods : sequence of Pod
        The different pods.
    arrivals : NDArray[np.int64]
        Which of them arrives, shape [events].
    ties : Ties
        With `random` the kernel draws other numbers than the plain way, with the same probabilities.
    typical : sequence of TypicalPod
        What fragmentation is measured against.
    generator : numpy.random.Generator
        For policies and tie rules that draw.
    float_scores : bool
        FGD only: compare scores before they are truncated. kube-scheduler has no such scores, so that only the kernel does it.
    kernels : bool or None
        Whether to use the compiled kernel; None: if numba is installed. Either way the decisions are the same.

    Raises
    ------
    ValueError
        If `float_scores` is asked of anything but FGD in the kernel.
    """
    tables = make_tables(cluster, profile, pods) if (has_numba() if kernels is None else kernels) else None
    policy = _policy(profile)
    if tables is None or policy is None or ties not in _TIES:
        if float_scores:
            raise ValueError("float scores need the compiled kernel (extra: fast) and FGD as the only score")
        breaker = TieBreaker(ties, generator)
        return fill_plainly(cluster, profile, pods, arrivals, tie_breaker=breaker, typical=typical, generator=generator)
    return _filled(cluster, policy, tables, arrivals, ties, typical, generator, float_scores=float_scores)


def _policy(profile: Profile) -> Any | None:
    """The one score plugin, if the kernel knows it and the devices are allotted as it does."""
    reserving = [type(plugin) for plugin in profile.reserves if type(plugin) in (GpuShare, FGD, FGDRandom)]
    if len(profile.scores) != 1 or profile.percentage_of_nodes_to_score != ALL_NODES or GpuShare not in map(type, profile.filters):
        return None
    policy, _ = profile.scores[0]
    if type(policy) not in _numbers():
        return None
    first = type(policy) if type(policy) in (FGD, FGDRandom) else GpuShare
    own = type(policy) is not FGD or policy.typical
    return policy if reserving and reserving[0] is first and own else None


def _numbers() -> dict[type[Any], int]:
    return {FGD: 0, GpuPacking: 2, GpuClustering: 3, FGDBestFit: 4, FGDDotProd: 5, FGDRandom: 6}


def _filled(
    cluster: Cluster,
    policy: Any,
    tables: Tables,
    arrivals: NDArray[np.int64],
    ties: Ties,
    typical: Sequence[TypicalPod],
    generator: np.random.Generator,
    *,
    float_scores: bool,
) -> FillingRun:
    from binpack.scheduler.filling.kernel import make_filling

    number = _numbers()[type(policy)]
    if float_scores and number != 0:
        raise ValueError(f"float scores of {policy.name} (accepted: FGD)")
    nodes, events, devices = len(tables.rows), len(arrivals), tables.free.shape[1]
    measured = target_of(typical, cluster.devices.models)
    own = policy.target(cluster) if number == 0 else measured
    chosen, bits = np.full(events, NOWHERE, np.int64), np.zeros(events, np.int64)
    sums = np.zeros((events, len(Bucket)))
    # Two draws at most for each pod: the node and the device.
    draws = generator.random(2 * events) if number == 6 or ties is Ties.RANDOM else np.zeros(1)
    make_filling()(
        int(float_scores) or number, _TIES[ties], arrivals, tables.classes, tables.allowed,
        tables.left.copy(), tables.free.copy(), tables.devices, tables.model, tables.pods.copy(), tables.listing, draws,
        *target_arrays(own), *target_arrays(measured),
        np.zeros(devices, np.int64), np.zeros(len(Bucket)), np.zeros(devices, np.int64),
        np.zeros((len(tables.classes), nodes)), np.full(len(tables.classes), -1, np.int64),
        np.zeros(events, np.int64), np.full(nodes, -1, np.int64), np.zeros((nodes, len(Bucket))), chosen, bits, sums,
    )  # fmt: skip
    placed = chosen >= 0
    asked = (tables.classes[:, 2] * tables.classes[:, 3])[arrivals]
    return FillingRun(
        rows=np.where(placed, tables.rows[chosen], NOWHERE),
        devices=bits,
        used_milli=np.cumsum(np.where(placed, asked, 0)),
        buckets=sums,
    )
