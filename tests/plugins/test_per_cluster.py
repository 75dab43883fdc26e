from __future__ import annotations

import gc

from binpack.plugins.per_cluster import PerCluster
from binpack.state.cluster import Cluster
from binpack.testing import service


def test_it_is_made_again_only_when_the_version_moves():
    made = []
    names = PerCluster(
        lambda cluster: made.append(1) or [s.metadata.name for s in cluster.catalog.list("Service")],
        version=lambda cluster: cluster.catalog.version("Service"),
    )
    one, other = Cluster(), Cluster()
    one.put(service("web"))
    assert (names.of(one), names.of(one), names.of(other), len(made)) == (["web"], ["web"], [], 2)
    one.put(service("db"))
    assert (names.of(one), len(made)) == (["web", "db"], 3)


def test_it_goes_with_its_cluster():
    kept = PerCluster(lambda cluster: object(), version=lambda cluster: 0)
    cluster = Cluster()
    kept.of(cluster)
    assert len(kept._kept) == 1
    del cluster
    gc.collect()
    assert len(kept._kept) == 0
