from __future__ import annotations

import numpy as np
import pytest

from binpack.framework.arguments import DynamicResourcesArgs
from binpack.framework.interface import SKIP
from binpack.framework.post_filter import FailedCycle, Outcome, PostFilterResult
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.pod import PodResourceClaim
from binpack.plugins.dynamic_resources import NOT_MODELLED, DynamicResources
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, judge, rate

PLUGIN = DynamicResources(DynamicResourcesArgs())
CLUSTER = cluster_of([node("n")])


def nobody(rows):
    return np.zeros(len(rows), np.bool_)


def failed(rejection):
    order = ("NodeResourcesFit", "VolumeBinding", "DynamicResources", "Mine")
    return FailedCycle(CLUSTER, rejection, np.zeros(0, np.intp), lambda row: None, nobody, lambda row: None, order)


@pytest.mark.parametrize(
    ("why", "rejection", "result"),
    [
        ("nodes were rejected", None, PostFilterResult(Outcome.UNSCHEDULABLE, ("no new claims to deallocate",))),
        ("a plugin before it rejected for good", ("VolumeBinding", unresolvable("x")), PostFilterResult(Outcome.ERROR, ("not found",))),
        (
            "one that let the others run",
            ("NodeResourcesFit", unschedulable("x")),
            PostFilterResult(Outcome.UNSCHEDULABLE, ("no new claims to deallocate",)),
        ),
        ("one after it", ("Mine", unresolvable("x")), PostFilterResult(Outcome.UNSCHEDULABLE, ("no new claims to deallocate",))),
    ],
)
def test_post_filter(why, rejection, result):
    assert PLUGIN.post_filter(pod("p").build(), failed(rejection)) == result, why


def test_post_filter_without_a_pre_filter_of_its_own():
    nowhere = FailedCycle(CLUSTER, None, np.zeros(0, np.intp), lambda row: None, nobody, lambda row: None, ("NodeResourcesFit",))
    assert PLUGIN.post_filter(pod("p").build(), nowhere) == PostFilterResult(Outcome.ERROR, ("not found",))


def test_pods_without_claims_are_skipped():
    assert PLUGIN.prepare(pod("p").build(), CLUSTER) is SKIP
    assert rate(PLUGIN, pod("p"), CLUSTER) == {}
    assert PLUGIN.reserve(pod("p").build(), CLUSTER, 0) is None
    assert PLUGIN.pre_enqueue(pod("p").build()) is None


def test_pods_with_claims_are_rejected_openly():
    plain = pod("p").build()
    a_pod = replace(plain, spec=replace(plain.spec, resource_claims=(PodResourceClaim("gpu", resource_claim_name="gpu"),)))
    assert judge(PLUGIN, a_pod, CLUSTER) == {"n": unresolvable(NOT_MODELLED)}
