"""What `binpack config check` says of a configuration."""

from __future__ import annotations

import pytest

from binpack.errors import ConfigurationError
from binpack.framework.configuration import KubeSchedulerConfiguration, decode_configuration
from binpack.framework.defaults import API_VERSION, IN_TREE, KIND
from binpack.framework.describe import ARGUMENT, NO_EFFECT, describe
from binpack.framework.known import PluginTable
from binpack.framework.points import POINTS, Point
from binpack.framework.resolution import resolve


def rows(plugins=None, **fields):
    configuration = decode_configuration({"apiVersion": API_VERSION, "kind": KIND, **fields})
    return describe(configuration) if plugins is None else describe(configuration, plugins)


def values(found, item):
    return [row.value for row in found if row.item == item]


def test_the_default_configuration():
    found = describe(KubeSchedulerConfiguration())
    assert {row.profile for row in found} == {"", "default-scheduler"}
    assert [row.item for row in found] == ["backoff of pods that failed", "percentageOfNodesToScore", *POINTS]
    assert values(found, "backoff of pods that failed") == ["1 s, doubling to 10 s"]
    assert values(found, "preEnqueue") == ["SchedulingGates, DynamicResources, DefaultPreemption"]
    assert values(found, "permit") == ["(none)"]
    (score,) = values(found, "score")
    assert score.startswith("TaintToleration ×3, NodeAffinity ×2, NodeResourcesFit ×1, ")


def test_a_resolved_configuration_says_the_same():
    configuration = KubeSchedulerConfiguration(percentage_of_nodes_to_score=30)
    assert describe(resolve(configuration)) == describe(configuration)
    assert values(describe(configuration), "percentageOfNodesToScore") == ["30"]


def test_arguments_that_differ_from_the_default():
    config = [
        {"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "MostAllocated"}, "ignoredResources": ["example.com/a"]}},
        {"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": 1}},
        {"name": "NodeAffinity", "args": {"addedAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}},
    ]
    found = rows(profiles=[{"schedulerName": "p", "pluginConfig": config}])
    assert values(found, ARGUMENT) == [
        'NodeAffinity: addedAffinity = {"requiredDuringSchedulingIgnoredDuringExecution": {}}',
        'NodeResourcesFit: ignoredResources = ["example.com/a"]',
        'NodeResourcesFit: scoringStrategy = {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}, '
        '{"name": "memory", "weight": 1}]}',
    ]


def test_arguments_of_a_plugin_of_ones_own_are_shown_as_they_stand():
    table = PluginTable({**IN_TREE, "a:A": frozenset({Point.SCORE})})
    profile = {"plugins": {"multiPoint": {"enabled": [{"name": "a:A"}]}}, "pluginConfig": [{"name": "a:A", "args": {"depth": 5}}]}
    assert values(rows(table, profiles=[profile]), ARGUMENT) == ['a:A: {"depth": 5}']


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({}, []),
        ({"parallelism": 16}, []),
        ({"parallelism": 4}, ["parallelism: the search is sequential, as with parallelism 1"]),
        ({"leaderElection": {"leaderElect": True}}, ["leaderElection: there is one scheduler"]),
        ({"clientConnection": {"qps": 5}}, ["clientConnection: there is no API server to connect to"]),
        (
            {"enableProfiling": False, "enableContentionProfiling": False},
            [
                "enableProfiling: it serves kube-scheduler's own endpoints",
                "enableContentionProfiling: it serves kube-scheduler's own endpoints",
            ],
        ),
        ({"delayCacheUntilActive": True}, ["delayCacheUntilActive: there is one scheduler"]),
        (
            {"extenders": [{"urlPrefix": "e"}]},
            ["extenders[0]: extenders are not called; decisions differ from those of a scheduler that calls them"],
        ),
        (
            {"extenders": [{"urlPrefix": "e", "managedResources": [{"name": "a.b/c", "ignoredByScheduler": True}]}]},
            [
                "extenders[0] but for its managedResources: extenders are not called; decisions differ from those of a scheduler that "
                "calls them"
            ],
        ),
    ],
)
def test_fields_without_effect(fields, texts):
    assert values(rows(**fields), NO_EFFECT) == texts


@pytest.mark.parametrize(
    ("why", "profile", "texts"),
    [
        (
            "arguments of a plugin that does not run",
            {"pluginConfig": [{"name": "Whatever", "args": {}}]},
            ["profiles[0].pluginConfig[0]: Whatever is not enabled"],
        ),
        (
            "arguments of a plugin that takes none",
            {"pluginConfig": [{"name": "NodePorts", "args": {"a": 1}}]},
            ["profiles[0].pluginConfig[0]: NodePorts takes no arguments"],
        ),
        (
            "real time",
            {
                "pluginConfig": [
                    {"name": "VolumeBinding", "args": {"bindTimeoutSeconds": 5}},
                    {"name": "DynamicResources", "args": {"filterTimeout": "1s"}},
                ]
            },
            [
                "profiles[0], VolumeBinding: bindTimeoutSeconds: nothing takes real time here",
                "profiles[0], DynamicResources: filterTimeout: nothing takes real time here",
            ],
        ),
        (
            "a weight where nothing is scored",
            {"plugins": {"filter": {"enabled": [{"name": "NodeAffinity", "weight": 5}]}}},
            ["profiles[0].plugins.filter.enabled[0].weight: NodeAffinity does not score at this point"],
        ),
        (
            "a weight at MultiPoint of a plugin that does not score",
            {"plugins": {"multiPoint": {"enabled": [{"name": "NodePorts", "weight": 5}, {"name": "ImageLocality", "weight": 5}]}}},
            ["profiles[0].plugins.multiPoint.enabled[0].weight: NodePorts does not score at this point"],
        ),
        (
            "disabling what would not run",
            {
                "plugins": {
                    "multiPoint": {"disabled": [{"name": "NodePort"}]},
                    "score": {"disabled": [{"name": "*"}, {"name": "NodePorts"}]},
                }
            },
            ["profiles[0].plugins.multiPoint.disabled[0]: NodePort would not run anyway"],
        ),
    ],
)
def test_parts_of_a_profile_without_effect(why, profile, texts):
    assert sorted(values(rows(profiles=[profile]), NO_EFFECT)) == sorted(texts), why


def test_a_configuration_that_is_not_valid_is_not_described():
    with pytest.raises(ConfigurationError, match="parallelism"):
        rows(parallelism=0)
