"""Compiles the kernels, so that later runs find them on disk."""

from __future__ import annotations

import time
from dataclasses import dataclass

from binpack.errors import BinpackError
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.meta import ObjectMeta
from binpack.model.node import Node, NodeStatus
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster


@dataclass(frozen=True)
class WarmUp:
    """What a warm-up did.

    Parameters
    ----------
    seconds : float
    compiled : bool
        False: the code was on disk already.
    """

    seconds: float
    compiled: bool


def warm_up() -> WarmUp:
    """Compile the kernels, or load them, by deciding one pod.

    Raises
    ------
    BinpackError
        If numba is not installed.
    """
    if not has_numba():
        raise BinpackError('numba is not installed, so there is nothing to compile (accepted: pip install "kube-binpack[fast]")')
    from binpack.model.quantity import Quantity
    from binpack.scheduler.kernels.driver import make_driver

    started = time.perf_counter()
    cluster = Cluster()
    amounts = {"cpu": Quantity.of(1), "memory": Quantity.of(1), "pods": Quantity.of(1)}
    cluster.add_node(Node(metadata=ObjectMeta(name="node"), status=NodeStatus(allocatable=amounts)))
    profiles = build_profiles(Registry(in_tree()))
    cycle = CachedCycle(cluster, profiles, tie_breaker=TieBreaker(), kernels=True)
    cycle.decide_tick((Pod(metadata=ObjectMeta(name="pod", namespace="default")),))
    return WarmUp(time.perf_counter() - started, compiled=sum(make_driver().stats.cache_misses.values()) > 0)
