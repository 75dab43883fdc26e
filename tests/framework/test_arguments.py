"""Decoding of plugins' arguments: defaults, strictness, and what kube-scheduler fills in."""

from __future__ import annotations

import pytest

from binpack.framework.arguments import (
    ARGUMENTS,
    DEFAULT_RESOURCES,
    DefaultPreemptionArgs,
    DynamicResourcesArgs,
    InterPodAffinityArgs,
    NodeAffinityArgs,
    NodeResourcesBalancedAllocationArgs,
    NodeResourcesFitArgs,
    PodTopologySpreadArgs,
    ResourceSpec,
    ScoringStrategy,
    VolumeBindingArgs,
    decode_arguments,
)
from binpack.framework.defaults import API_VERSION, IN_TREE
from binpack.model.base import StrictStruct
from binpack.model.pod import TopologySpreadConstraint


@pytest.mark.parametrize("args", [None, {}, {"apiVersion": API_VERSION}, {"kind": None}])
@pytest.mark.parametrize(
    ("plugin", "defaults"),
    [
        ("DefaultPreemption", DefaultPreemptionArgs(min_candidate_nodes_percentage=10, min_candidate_nodes_absolute=100)),
        ("DynamicResources", DynamicResourcesArgs(filter_timeout="10s", binding_timeout=None)),
        ("InterPodAffinity", InterPodAffinityArgs(hard_pod_affinity_weight=1, ignore_preferred_terms_of_existing_pods=False)),
        ("NodeAffinity", NodeAffinityArgs(added_affinity=None)),
        ("NodeResourcesBalancedAllocation", NodeResourcesBalancedAllocationArgs(resources=DEFAULT_RESOURCES)),
        ("NodeResourcesFit", NodeResourcesFitArgs(scoring_strategy=ScoringStrategy("LeastAllocated", DEFAULT_RESOURCES))),
        ("PodTopologySpread", PodTopologySpreadArgs(default_constraints=(), defaulting_type="System")),
        ("VolumeBinding", VolumeBindingArgs(bind_timeout_seconds=600, shape=None)),
    ],
)
def test_defaults(plugin, defaults, args):
    decoded = decode_arguments(plugin, args)
    assert decoded.value == defaults
    assert decoded.errors == ()


@pytest.mark.parametrize(
    ("why", "plugin", "args", "expected"),
    [
        (
            "a strategy without resources gets the default ones",
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "MostAllocated"}},
            NodeResourcesFitArgs(scoring_strategy=ScoringStrategy("MostAllocated", DEFAULT_RESOURCES)),
        ),
        (
            "an empty list of resources, too",
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "MostAllocated", "resources": []}},
            NodeResourcesFitArgs(scoring_strategy=ScoringStrategy("MostAllocated", DEFAULT_RESOURCES)),
        ),
        (
            "a given list replaces the default one: cpu alone means cpu alone",
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "LeastAllocated", "resources": [{"name": "cpu", "weight": 3}]}},
            NodeResourcesFitArgs(scoring_strategy=ScoringStrategy("LeastAllocated", (ResourceSpec("cpu", 3),))),
        ),
        (
            "no weight and a weight of 0 are 1",
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "LeastAllocated", "resources": [{"name": "cpu"}, {"name": "memory", "weight": 0}]}},
            NodeResourcesFitArgs(scoring_strategy=ScoringStrategy("LeastAllocated", DEFAULT_RESOURCES)),
        ),
        (
            "a strategy without a type has none (and is refused later)",
            "NodeResourcesFit",
            {"scoringStrategy": {}},
            NodeResourcesFitArgs(scoring_strategy=ScoringStrategy("", DEFAULT_RESOURCES)),
        ),
        (
            "a weight of 0 is 1 for balanced allocation",
            "NodeResourcesBalancedAllocation",
            {"resources": [{"name": "nvidia.com/gpu", "weight": 0}]},
            NodeResourcesBalancedAllocationArgs(resources=(ResourceSpec("nvidia.com/gpu", 1),)),
        ),
        ("an empty defaulting type is System", "PodTopologySpread", {"defaultingType": ""}, PodTopologySpreadArgs()),
        (
            "constraints are those of pods",
            "PodTopologySpread",
            {
                "defaultingType": "List",
                "defaultConstraints": [{"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"}],
            },
            PodTopologySpreadArgs(
                (TopologySpreadConstraint(max_skew=2, topology_key="rack", when_unsatisfiable="ScheduleAnyway"),), "List"
            ),
        ),
        ("a plugin that takes no arguments keeps what it is given", "NodePorts", {"any": ["thing"]}, {"any": ["thing"]}),
        ("so does one that is not in-tree", "my.package:Policy", {"depth": 3}, {"depth": 3}),
    ],
)
def test_values(why, plugin, args, expected):
    decoded = decode_arguments(plugin, args)
    assert decoded.value == expected, why
    assert decoded.errors == ()


@pytest.mark.parametrize(
    ("why", "plugin", "args", "messages"),
    [
        (
            "an unknown field",
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "MostAllocated", "resource": []}},
            ["args.scoringStrategy.resource: unknown field (did you mean resources?)"],
        ),
        (
            "an unknown field in a part that pods have, too",
            "NodeAffinity",
            {"addedAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchLabels": {}}]}}},
            [
                "args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchLabels: unknown field "
                "(did you mean matchFields?)"
            ],
        ),
        (
            "a wrong type",
            "InterPodAffinity",
            {"hardPodAffinityWeight": "5"},
            ['args.hardPodAffinityWeight: "5": wrong type (accepted: a whole number of 32 bits)'],
        ),
        (
            "no mapping",
            "InterPodAffinity",
            ["hardPodAffinityWeight"],
            [
                'args: ["hardPodAffinityWeight"]: wrong type (accepted: a mapping with the fields hardPodAffinityWeight, '
                "ignorePreferredTermsOfExistingPods)"
            ],
        ),
        (
            "arguments of another plugin",
            "NodeResourcesFit",
            {"kind": "PodTopologySpreadArgs", "defaultingType": "List"},
            [
                "args: args for plugin NodeResourcesFit were not of type NodeResourcesFitArgs.kubescheduler.config.k8s.io, got "
                "PodTopologySpreadArgs.kubescheduler.config.k8s.io"
            ],
        ),
        (
            "arguments of another group",
            "NodeResourcesFit",
            {"apiVersion": "v1", "kind": "ConfigMap"},
            ["args: args for plugin NodeResourcesFit were not of type NodeResourcesFitArgs.kubescheduler.config.k8s.io, got ConfigMap"],
        ),
        (
            "arguments of a removed version",
            "NodeResourcesFit",
            {"apiVersion": "kubescheduler.config.k8s.io/v1beta3", "kind": "NodeResourcesFitArgs"},
            [
                'args.apiVersion: no kind "NodeResourcesFitArgs" is registered for version "kubescheduler.config.k8s.io/v1beta3" '
                "(accepted: kubescheduler.config.k8s.io/v1)"
            ],
        ),
        (
            "no duration",
            "DynamicResources",
            {"filterTimeout": "10", "bindingTimeout": "soon"},
            [
                'args.filterTimeout: "10" is not a duration (accepted: numbers with units, like 10s, 1h30m, 500ms)',
                'args.bindingTimeout: "soon" is not a duration (accepted: numbers with units, like 10s, 1h30m, 500ms)',
            ],
        ),
    ],
)
def test_rejects(why, plugin, args, messages):
    decoded = decode_arguments(plugin, args)
    assert [str(error) for error in decoded.errors] == messages, why
    assert isinstance(decoded.value, ARGUMENTS[plugin])


class PolicyArgs(StrictStruct, frozen=True):
    depth: int = 2


def test_a_plugin_of_ones_own_may_name_the_struct_of_its_arguments():
    assert decode_arguments("my.package:Policy", None, kind=PolicyArgs).value == PolicyArgs()
    assert decode_arguments("my.package:Policy", {"depth": 5}, kind=PolicyArgs).value == PolicyArgs(depth=5)
    errors = decode_arguments("my.package:Policy", {"depht": 5}, kind=PolicyArgs).errors
    assert [str(error) for error in errors] == ["args.depht: unknown field (did you mean depth?)"]


def test_arguments_are_known_for_in_tree_plugins_only():
    assert set(ARGUMENTS) <= set(IN_TREE)


def test_valid_arguments_may_key_a_cache():
    for kind in ARGUMENTS.values():
        assert hash(kind()) == hash(kind())
