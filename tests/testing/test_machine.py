from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.testing.machine import ClusterMachine

SETTINGS = settings(stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))

TestCluster = ClusterMachine.TestCase
TestCluster.settings = SETTINGS


@pytest.mark.parametrize(
    ("plugin", "feature", "said"),
    [
        ("NodeResourcesFit", "requests", "capacity"),
        ("NodePorts", "ports", "ports"),
        ("TaintToleration", "tolerations", "taints"),
        ("NodeAffinity", "node-affinity", "node-affinity"),
        ("InterPodAffinity", "pod-affinity", "affinity"),
        ("PodTopologySpread", "spread", "topology-spread"),
    ],
)
def test_a_scheduler_that_lacks_a_filter_is_caught(plugin, feature, said):
    class Lacking(ClusterMachine):
        features = (feature,)

        @classmethod
        def profiles(cls):
            return build_profiles(Registry({name: kind for name, kind in in_tree().items() if name != plugin}))

    generate = settings(SETTINGS, phases=(Phase.generate,), max_examples=100)
    with pytest.raises(AssertionError, match=said):
        run_state_machine_as_test(Lacking, settings=generate)
