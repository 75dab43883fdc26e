"""Pods on tainted nodes.

Documented: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration (taint based evictions).
"""

from __future__ import annotations

import pytest

from binpack.control.conditions import find_condition
from binpack.control.controllers.taint_eviction import FOREVER, TaintEvictionController, seconds_tolerated, shortest
from binpack.model.base import replace
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod, Toleration
from binpack.testing import NO_EXECUTE, node, pod

BROKEN = Taint("broken", "", NO_EXECUTE)
OTHER = Taint("other", "", NO_EXECUTE)


def tolerates(key: str, seconds: int | None = None) -> Toleration:
    return Toleration(key=key, operator="Exists", effect=NO_EXECUTE, toleration_seconds=seconds)


@pytest.mark.parametrize(
    ("why", "taints", "tolerations", "seconds"),
    [
        ("not tolerated", [BROKEN], (), 0),
        ("for ever", [BROKEN], (tolerates("broken"),), FOREVER),
        ("for a while", [BROKEN], (tolerates("broken", 100),), 100),
        ("one of two is not tolerated", [BROKEN, OTHER], (tolerates("broken"),), 0),
        ("the shortest counts", [BROKEN, OTHER], (tolerates("broken", 9), tolerates("other", 5)), 5),
        ("a limit counts beside none", [BROKEN, OTHER], (tolerates("broken"), tolerates("other", 5)), 5),
        ("the first that covers is used", [BROKEN], (tolerates("broken"), tolerates("broken", 5)), FOREVER),
        ("negative is now", [BROKEN], (tolerates("broken", -3),), 0),
    ],
)
def test_how_long_taints_are_tolerated(why, taints, tolerations, seconds):
    assert seconds_tolerated(taints, tolerations) == seconds, why


def test_no_toleration_at_all_is_now():
    assert (shortest([]), shortest([None]), shortest([None, 3])) == (0, FOREVER, 3)


def start(bench, *tolerations: Toleration, taints: tuple[Taint, ...] = ()):
    bench.store.load(node("n1").build())
    web = pod("web").on("n1").build()
    bench.store.load(replace(web, spec=replace(web.spec, tolerations=tolerations)))
    bench.start(TaintEvictionController)
    return taint(bench, *taints)


def taint(bench, *taints: Taint):
    one = bench.store.get(Node, "n1")
    bench.store.update(replace(one, spec=replace(one.spec, taints=taints)))
    return bench.settle()


def is_terminating(bench) -> bool:
    return bench.store.get(Pod, "web", "default").is_terminating


def test_a_pod_that_does_not_tolerate_goes_at_once(bench):
    start(bench, taints=(BROKEN,))
    web = bench.store.get(Pod, "web", "default")
    assert web.is_terminating
    assert web.metadata.deletion_grace_period_seconds == 30
    assert find_condition(web.status.conditions, "DisruptionTarget").reason == "DeletionByTaintManager"
    assert bench.told() == ["TaintManagerEviction: Marking for deletion Pod default/web"]


def test_the_time_counts_from_the_first_sight_of_the_taint(bench):
    start(bench, tolerates("broken", 300), tolerates("other", 300))
    bench.wait(10)
    taint(bench, BROKEN)
    bench.wait(200)
    taint(bench, OTHER)
    bench.wait(99)
    assert not is_terminating(bench)
    bench.wait(1)
    assert is_terminating(bench), "swapping one taint for another does not start anew"


def test_a_taint_that_goes_cancels(bench):
    start(bench, tolerates("broken", 300), taints=(BROKEN,))
    bench.wait(200)
    taint(bench)
    bench.wait(3600)
    assert not is_terminating(bench)
    assert bench.told() == ["TaintManagerEviction: Cancelling deletion of Pod default/web"]


def test_a_further_taint_that_is_not_tolerated_does_not_wait(bench):
    start(bench, tolerates("broken", 300), taints=(BROKEN,))
    bench.wait(5)
    taint(bench, BROKEN, OTHER)
    assert is_terminating(bench)


def test_a_pod_bound_to_a_tainted_node_is_seen_too(bench):
    bench.store.load(node("n1").taint("broken", effect=NO_EXECUTE).build())
    bench.start(TaintEvictionController)
    late = bench.store.create(pod("late").build())
    bench.store.bind(late, "n1")
    bench.settle()
    assert bench.store.get(Pod, "late", "default").is_terminating


def test_another_pod_of_the_same_name_starts_anew(bench):
    start(bench, tolerates("broken", 10), taints=(BROKEN,))
    bench.wait(5)
    bench.store.delete(Pod, "web", "default", grace_seconds=0)
    second = pod("web").on("n1").build()
    bench.store.load(replace(second, spec=replace(second.spec, tolerations=(tolerates("broken", 10),))))
    bench.settle()
    bench.wait(6)
    assert not is_terminating(bench)
    bench.wait(4)
    assert is_terminating(bench)
