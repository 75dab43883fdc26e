"""Ended pods in the order in which they go, against sorting them all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.control.clock import timestamp_of
from binpack.control.controllers.ended_pods import EndedPods, removal_rank
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.testing import pod
from binpack.units import US_PER_S


def ended(name: str, created: int, reason: str = "") -> Pod:
    built = pod(name).created(timestamp_of(created * US_PER_S)).phase("Failed").build()
    return replace(built, status=replace(built.status, reason=reason))


def test_who_is_too_many():
    pods = EndedPods()
    for one in (ended("c", 2), ended("a", 0), ended("b", 1), ended("evicted", 9, "Evicted")):
        pods.put(one)
    assert pods.surplus(2) == ["default/evicted", "default/a"]
    assert pods.surplus(4) == []
    # kube-controller-manager --terminated-pod-gc-threshold=0: none is ever too many.
    assert pods.surplus(0) == []


steps = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.tuples(st.integers(0, 3), st.sampled_from(["", "Evicted"])))), max_size=40
)


@given(steps=steps, threshold=st.integers(1, 4))
def test_pods_that_come_go_and_change_their_rank(steps, threshold):
    pods, twin = EndedPods(), {}
    for name, how in steps:
        if how is None:
            pods.drop(f"default/{name}")
            twin.pop(f"default/{name}", None)
        else:
            one = ended(name, *how)
            pods.put(one)
            twin[one.key] = removal_rank(one)
        in_order = [rank[-1] for rank in sorted(twin.values())]
        assert pods.surplus(threshold) == in_order[: max(len(twin) - threshold, 0)]
        assert len(pods) == len(twin)
