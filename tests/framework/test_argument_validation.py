"""Ranges and combinations of arguments, in kube-scheduler's words."""

from __future__ import annotations

import pytest

from binpack.framework.argument_validation import argument_errors
from binpack.framework.arguments import ARGUMENTS, decode_arguments

FIT = 'initializing plugin "NodeResourcesFit": '
RATIO = "args.scoringStrategy.requestedToCapacityRatio"
REQUIRED = "args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
PREFERRED = "args.addedAffinity.preferredDuringSchedulingIgnoredDuringExecution"
NAME_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"


def strategy(kind, **fields):
    return {"scoringStrategy": {"type": kind, **fields}}


def shape(*points):
    listed = [{"utilization": utilization, "score": score} for utilization, score in points]
    return strategy("RequestedToCapacityRatio", requestedToCapacityRatio={"shape": listed})


def resources(*pairs):
    return [{"name": name, "weight": weight} for name, weight in pairs]


def spread(*constraints, **fields):
    return {"defaultConstraints": list(constraints), **fields}


def constraint(skew=1, key="rack", when="DoNotSchedule", **fields):
    return {"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": when, **fields}


def required(**expression):
    return {"addedAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [expression]}}}


@pytest.mark.parametrize(
    ("why", "plugin", "args"),
    [
        ("the highest weight", "NodeResourcesFit", strategy("MostAllocated", resources=resources(("cpu", 100)))),
        ("a shape that falls", "NodeResourcesFit", shape((0, 10), (100, 0))),
        ("a shape of one point", "NodeResourcesFit", shape((50, 5))),
        ("ignored resources", "NodeResourcesFit", {"ignoredResources": ["example.com/gpu"], "ignoredResourceGroups": ["example.com"]}),
        ("a List without constraints", "PodTopologySpread", {"defaultingType": "List"}),
        (
            "one key with both actions",
            "PodTopologySpread",
            spread(constraint(), constraint(when="ScheduleAnyway"), defaultingType="List"),
        ),
        ("no hard affinity", "InterPodAffinity", {"hardPodAffinityWeight": 0}),
        ("only a percentage of candidates", "DefaultPreemption", {"minCandidateNodesPercentage": 10, "minCandidateNodesAbsolute": 0}),
        ("no timeout", "VolumeBinding", {"bindTimeoutSeconds": 0}),
        ("no timeout for claims", "DynamicResources", {"filterTimeout": "0"}),
        ("an added affinity", "NodeAffinity", required(matchExpressions=[{"key": "gen", "operator": "Gt", "values": ["4"]}])),
        ("an empty term, which matches nothing", "NodeAffinity", required()),
        (
            "a preferred term of weight 0 is never read",
            "NodeAffinity",
            {
                "addedAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "In"}]}}
                    ]
                }
            },
        ),
        ("arguments that only the plugin knows", "my.package:Policy", {"depth": -1}),
    ],
)
def test_accepts(why, plugin, args):
    decoded = decode_arguments(plugin, args)
    assert (decoded.errors, argument_errors(decoded.value, "args")) == ((), []), why


@pytest.mark.parametrize("plugin", sorted(ARGUMENTS))
def test_accepts_the_defaults(plugin):
    assert argument_errors(ARGUMENTS[plugin](), "args") == []


@pytest.mark.parametrize(
    ("plugin", "args", "messages"),
    [
        (
            "NodeResourcesFit",
            strategy("MostAllocated", resources=resources(("cpu", 101), ("memory", -1))),
            [
                f"{FIT}args.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]",
                f"{FIT}args.scoringStrategy.resources[1].weight: Invalid value: -1: resource weight of memory not in valid range (0, 100]",
            ],
        ),
        (
            "NodeResourcesFit",
            strategy("BestFit"),
            [
                f'{FIT}args.scoringStrategy.type: Unsupported value: "BestFit": supported values: "LeastAllocated", "MostAllocated", '
                '"RequestedToCapacityRatio"'
            ],
        ),
        (
            "NodeResourcesFit",
            {"scoringStrategy": {"resources": resources(("cpu", 1))}},
            [
                f'{FIT}args.scoringStrategy.type: Unsupported value: "": supported values: "LeastAllocated", "MostAllocated", '
                '"RequestedToCapacityRatio"'
            ],
        ),
        (
            "NodeResourcesFit",
            strategy("RequestedToCapacityRatio"),
            [f"{FIT}{RATIO}: Required value: must be specified when type is RequestedToCapacityRatio"],
        ),
        (
            "NodeResourcesFit",
            shape(),
            [f"{FIT}{RATIO}.shape: Required value: at least one point must be specified"],
        ),
        (
            "NodeResourcesFit",
            strategy("LeastAllocated", requestedToCapacityRatio={"shape": []}),
            [f"{FIT}{RATIO}.shape: Required value: at least one point must be specified"],
        ),
        (
            "NodeResourcesFit",
            shape((30, 1), (30, 2)),
            [f"{FIT}{RATIO}.shape[1].utilization: Invalid value: 30: values must be sorted in increasing order"],
        ),
        (
            "NodeResourcesFit",
            shape((-1, 11), (101, -1)),
            [
                f"{FIT}{RATIO}.shape[0].utilization: Invalid value: -1: not in valid range [0, 100]",
                f"{FIT}{RATIO}.shape[0].score: Invalid value: 11: not in valid range [0, 10]",
                f"{FIT}{RATIO}.shape[1].utilization: Invalid value: 101: not in valid range [0, 100]",
                f"{FIT}{RATIO}.shape[1].score: Invalid value: -1: not in valid range [0, 10]",
            ],
        ),
        (
            "NodeResourcesFit",
            {"ignoredResourceGroups": ["example.com/gpu"]},
            [f"{FIT}args.ignoredResourceGroups[0]: Invalid value: \"example.com/gpu\": resource group name can't contain '/'"],
        ),
        (
            "NodeResourcesFit",
            {"ignoredResources": ["no spaces"]},
            [
                f'{FIT}args.ignoredResources[0]: Invalid value: "no spaces": name part {NAME_RULE}, up to 63 of them, after an optional '
                "DNS subdomain and '/'"
            ],
        ),
        (
            "NodeResourcesBalancedAllocation",
            {"resources": resources(("cpu", 2), ("memory", 1), ("cpu", 1))},
            ["args.resources[0].weight: Invalid value: 2: must be 1", 'args.resources[2].name: Duplicate value: "cpu"'],
        ),
        (
            "InterPodAffinity",
            {"hardPodAffinityWeight": 101},
            ["args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]"],
        ),
        (
            "PodTopologySpread",
            spread(constraint()),
            ['args.defaultingType: Invalid value: "System": when .defaultConstraints are not empty'],
        ),
        (
            "PodTopologySpread",
            {"defaultingType": "Cluster"},
            ['args.defaultingType: Unsupported value: "Cluster": supported values: "System", "List"'],
        ),
        (
            "PodTopologySpread",
            spread(constraint(skew=0, labelSelector={}), constraint(key="", when=""), defaultingType="List"),
            [
                "args.defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)",
                "args.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod",
                "args.defaultConstraints[1].topologyKey: Required value: can not be empty",
                "args.defaultConstraints[1].whenUnsatisfiable: Required value: can not be empty",
            ],
        ),
        (
            "PodTopologySpread",
            spread(constraint(when="Perhaps"), constraint(), constraint(skew=3), defaultingType="List"),
            [
                'args.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "Perhaps": supported values: "DoNotSchedule", '
                '"ScheduleAnyway"',
                'args.defaultConstraints[2]: Duplicate value: "{rack, DoNotSchedule}"',
            ],
        ),
        (
            "DefaultPreemption",
            {"minCandidateNodesPercentage": 101, "minCandidateNodesAbsolute": -1},
            [
                "args.minCandidateNodesPercentage: Invalid value: 101: not in valid range [0, 100]",
                "args.minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)",
            ],
        ),
        (
            "DefaultPreemption",
            {"minCandidateNodesPercentage": 0, "minCandidateNodesAbsolute": 0},
            [
                "args.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute",
                "args.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage",
            ],
        ),
        (
            "VolumeBinding",
            {"bindTimeoutSeconds": -1, "shape": []},
            [
                "args.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value",
                "args.shape: Invalid value: []: unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring",
            ],
        ),
        (
            "DynamicResources",
            {"filterTimeout": "-1s", "bindingTimeout": "10m"},
            [
                'args.filterTimeout: Invalid value: "-1s": must be zero or positive',
                "args.bindingTimeout: Forbidden: DRADeviceBindingConditions or DRAResourceClaimDeviceStatus feature gate is disabled",
            ],
        ),
        (
            "NodeAffinity",
            required(
                matchExpressions=[{"key": "gen", "operator": "GreaterThan"}], matchFields=[{"key": "metadata.name", "operator": "In"}]
            ),
            [
                f'{REQUIRED}[0].matchExpressions[0].operator: Unsupported value: "GreaterThan": supported values: "In", "NotIn", '
                '"Exists", "DoesNotExist", "Gt", "Lt"',
                f"{REQUIRED}[0].matchFields[0].values: Invalid value: []: must have one element",
            ],
        ),
        (
            "NodeAffinity",
            {
                "addedAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 3},
                        {"weight": 3, "preference": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
                    ]
                }
            },
            [
                f"{PREFERRED}[1].preference.matchExpressions[0].values: Invalid value: []: for 'in', 'notin' operators, values set "
                "can't be empty"
            ],
        ),
    ],
)
def test_rejects(plugin, args, messages):
    decoded = decode_arguments(plugin, args)
    assert decoded.errors == ()
    assert [str(error) for error in argument_errors(decoded.value, "args")] == messages
