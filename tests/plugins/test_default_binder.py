from __future__ import annotations

from binpack.plugins.default_binder import DefaultBinder
from binpack.testing import pod


def test_a_bound_pod_has_its_node_name_and_is_otherwise_the_same():
    waiting = pod("p").request(cpu=1).label(app="web").build()
    bound = DefaultBinder().bind(waiting, "n1")
    assert bound.spec.node_name == "n1"
    assert DefaultBinder().bind(bound, "") == waiting
