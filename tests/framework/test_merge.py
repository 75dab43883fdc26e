"""Merging with the defaults and MultiPoint expansion, rule by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.configuration import Plugin, Plugins, PluginSet
from binpack.framework.defaults import DEFAULT_MULTI_POINT, IN_TREE
from binpack.framework.known import IN_TREE_PLUGINS
from binpack.framework.merge import ExpandedPlugins, expand, merge_defaults
from binpack.framework.points import POINTS, Point

FILTERS = [
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "PodTopologySpread",
    "InterPodAffinity",
    "DynamicResources",
]


def enable(*names: str | tuple[str, int]) -> PluginSet:
    return PluginSet(enabled=tuple(Plugin(*((name,) if isinstance(name, str) else name)) for name in names))


def disable(*names: str, enabled: PluginSet | None = None) -> PluginSet:
    return PluginSet(enabled=enabled.enabled if enabled else (), disabled=tuple(Plugin(name) for name in names))


def expanded(**sets: PluginSet) -> ExpandedPlugins:
    return expand(Plugins(**sets), IN_TREE_PLUGINS.points)


@pytest.mark.parametrize(
    ("point", "names"),
    [
        (Point.PRE_ENQUEUE, "SchedulingGates DynamicResources DefaultPreemption"),
        (Point.QUEUE_SORT, "PrioritySort"),
        (
            Point.PRE_FILTER,
            "NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread "
            "InterPodAffinity DynamicResources",
        ),
        (Point.FILTER, " ".join(FILTERS)),
        (Point.POST_FILTER, "DynamicResources DefaultPreemption"),
        (
            Point.PRE_SCORE,
            "TaintToleration NodeAffinity NodeResourcesFit VolumeBinding PodTopologySpread InterPodAffinity "
            "NodeResourcesBalancedAllocation",
        ),
        (
            Point.SCORE,
            "TaintToleration NodeAffinity NodeResourcesFit VolumeBinding PodTopologySpread InterPodAffinity DynamicResources "
            "NodeResourcesBalancedAllocation ImageLocality",
        ),
        (Point.RESERVE, "VolumeBinding DynamicResources"),
        (Point.PERMIT, ""),
        (Point.PRE_BIND, "VolumeBinding DynamicResources"),
        (Point.BIND, "DefaultBinder"),
        (Point.POST_BIND, ""),
    ],
)
def test_the_default_profile(point, names):
    assert expanded().at(point) == tuple(names.split())


def test_the_default_weights():
    assert expanded().weights == {
        "TaintToleration": 3,
        "NodeAffinity": 2,
        "NodeResourcesFit": 1,
        "VolumeBinding": 1,
        "PodTopologySpread": 2,
        "InterPodAffinity": 2,
        "DynamicResources": 2,
        "NodeResourcesBalancedAllocation": 1,
        "ImageLocality": 1,
    }


@pytest.mark.parametrize(
    ("why", "sets", "point", "names"),
    [
        (
            "a default disabled at one point stays at the others",
            {"score": disable("ImageLocality", "NodeAffinity")},
            Point.SCORE,
            "TaintToleration NodeResourcesFit VolumeBinding PodTopologySpread InterPodAffinity DynamicResources "
            "NodeResourcesBalancedAllocation",
        ),
        ("... here, at Filter", {"score": disable("NodeAffinity")}, Point.FILTER, " ".join(FILTERS)),
        (
            "a default disabled at MultiPoint is gone everywhere",
            {"multi_point": disable("NodePorts", "VolumeZone")},
            Point.FILTER,
            " ".join(name for name in FILTERS if name not in ("NodePorts", "VolumeZone")),
        ),
        (
            "* at a point leaves exactly what the point enables",
            {"filter": disable("*", enabled=enable("NodePorts"))},
            Point.FILTER,
            "NodePorts",
        ),
        ("* at a point alone leaves nothing", {"score": disable("*")}, Point.SCORE, ""),
        (
            "* at MultiPoint leaves what is enabled in either place, the point's own first where MultiPoint has it, too",
            {"multi_point": disable("*", enabled=enable("NodeName", "NodePorts")), "filter": enable("TaintToleration", "NodePorts")},
            Point.FILTER,
            "NodePorts NodeName TaintToleration",
        ),
        (
            "a default named at a point moves to its front",
            {"filter": enable("NodeResourcesFit")},
            Point.FILTER,
            "NodeResourcesFit " + " ".join(name for name in FILTERS if name != "NodeResourcesFit"),
        ),
        (
            "several keep the order in which they are named",
            {"filter": enable("NodeResourcesFit", "NodeName")},
            Point.FILTER,
            "NodeResourcesFit NodeName " + " ".join(name for name in FILTERS if name not in ("NodeResourcesFit", "NodeName")),
        ),
        (
            "a plugin that MultiPoint lacks goes to the end",
            {"filter": enable("NodeDeclaredFeatures")},
            Point.FILTER,
            " ".join(FILTERS) + " NodeDeclaredFeatures",
        ),
        (
            "disabled and enabled again at the same point: to the end, not to the front",
            {"filter": disable("NodeName", enabled=enable("NodeName"))},
            Point.FILTER,
            " ".join(name for name in FILTERS if name != "NodeName") + " NodeName",
        ),
        (
            "a default named at MultiPoint keeps its place",
            {"multi_point": enable(("NodeAffinity", 7))},
            Point.FILTER,
            " ".join(FILTERS),
        ),
        (
            "disabled and enabled again at MultiPoint: to the end",
            {"multi_point": disable("NodeName", enabled=enable("NodeName"))},
            Point.FILTER,
            " ".join(name for name in FILTERS if name != "NodeName") + " NodeName",
        ),
        (
            "a new plugin at MultiPoint follows the defaults at each point that it implements",
            {"multi_point": enable("GangScheduling")},
            Point.RESERVE,
            "VolumeBinding DynamicResources GangScheduling",
        ),
        ("... and not at the others", {"multi_point": enable("GangScheduling")}, Point.BIND, "DefaultBinder"),
        (
            "a point can disable what MultiPoint enables",
            {"multi_point": enable("GangScheduling"), "reserve": disable("GangScheduling")},
            Point.RESERVE,
            "VolumeBinding DynamicResources",
        ),
        (
            "a disabled name that is not there changes nothing",
            {"filter": disable("NoSuchPlugin"), "multi_point": disable("NoSuchPlugin")},
            Point.FILTER,
            " ".join(FILTERS),
        ),
        (
            "a point's order and MultiPoint's are joined: own overriding, inherited, own further",
            {"filter": enable("NodeDeclaredFeatures", "VolumeZone"), "multi_point": disable("*", enabled=enable("NodeName", "VolumeZone"))},
            Point.FILTER,
            "VolumeZone NodeName NodeDeclaredFeatures",
        ),
    ],
)
def test_order(why, sets, point, names):
    assert expanded(**sets).at(point) == tuple(names.split()), why


@pytest.mark.parametrize(
    ("why", "sets", "plugin", "weight"),
    [
        ("a weight given at the point", {"score": enable(("ImageLocality", 9))}, "ImageLocality", 9),
        ("a weight given at MultiPoint", {"multi_point": enable(("ImageLocality", 9))}, "ImageLocality", 9),
        (
            "the point goes before MultiPoint",
            {"score": enable(("NodeAffinity", 4)), "multi_point": enable(("NodeAffinity", 8))},
            "NodeAffinity",
            4,
        ),
        ("named at MultiPoint without a weight: 1, not the default's 3", {"multi_point": enable("TaintToleration")}, "TaintToleration", 1),
        ("named at the point without a weight: 1 as well", {"score": enable("TaintToleration")}, "TaintToleration", 1),
        ("named at another point only: the default stays", {"filter": enable("TaintToleration")}, "TaintToleration", 3),
        ("a weight of 0 is 1", {"score": enable(("PodTopologySpread", 0))}, "PodTopologySpread", 1),
        (
            "the point without a weight does not fall back on MultiPoint's",
            {"score": enable("NodeAffinity"), "multi_point": enable(("NodeAffinity", 8))},
            "NodeAffinity",
            1,
        ),
        ("after * at the point", {"score": disable("*", enabled=enable(("NodeResourcesFit", 8)))}, "NodeResourcesFit", 8),
        ("after * at the point, without a weight", {"score": disable("*", enabled=enable("NodeAffinity"))}, "NodeAffinity", 1),
        ("of two mentions at a point the first", {"score": enable(("ImageLocality", 2), ("ImageLocality", 5))}, "ImageLocality", 2),
    ],
)
def test_weight(why, sets, plugin, weight):
    assert expanded(**sets).weights[plugin] == weight, why


def test_only_what_scores_has_a_weight():
    plugins = expanded(score=disable("ImageLocality"), multi_point=enable(("NodePorts", 5)))
    assert set(plugins.weights) == set(plugins.at(Point.SCORE))


def test_a_default_named_twice_at_multi_point_is_replaced_by_the_last_mention():
    merged = merge_defaults(Plugins(multi_point=enable(("NodeAffinity", 5), ("NodeAffinity", 9))))
    mentions = [plugin.weight for plugin in merged.multi_point.enabled if plugin.name == "NodeAffinity"]
    assert mentions == [9, 5]


def test_disabled_names_are_kept_in_the_merged_sets():
    merged = merge_defaults(Plugins(score=disable("*"), multi_point=disable("NodePorts")))
    assert merged.score.disabled == (Plugin("*"),)
    assert merged.multi_point.disabled == (Plugin("NodePorts"),)


def test_every_plugin_that_runs_is_listed_once():
    names = expanded().names()
    assert sorted(names) == sorted(name for name, _ in DEFAULT_MULTI_POINT)


def test_the_default_list_names_in_tree_plugins_that_score_where_they_have_a_weight():
    for name, weight in DEFAULT_MULTI_POINT:
        assert name in IN_TREE
        assert weight is None or Point.SCORE in IN_TREE[name]


names = st.sampled_from([*sorted(IN_TREE), "NoSuchPlugin", "my.package:Policy"])
plugin_lists = st.lists(st.builds(Plugin, names, st.none() | st.integers(-2, 100)), max_size=6).map(tuple)
plugin_sets = st.builds(PluginSet, plugin_lists, st.lists(st.builds(Plugin, names | st.just("*")), max_size=3).map(tuple))
all_plugins = st.builds(Plugins, **{point.name.lower(): plugin_sets for point in Point})


@given(all_plugins)
def test_no_point_lists_a_plugin_twice(plugins):
    result = expand(plugins, IN_TREE_PLUGINS.points)
    for point in POINTS:
        listed = result.at(point)
        assert len(set(listed)) == len(listed)
        own = {plugin.name for plugin in plugins.at(point).enabled}
        assert all(name in own or point in IN_TREE_PLUGINS.points(name) for name in listed)
    assert set(result.weights) == set(result.at(Point.SCORE))
    assert 0 not in result.weights.values()


@given(all_plugins, st.sampled_from(POINTS), plugin_lists)
def test_disabling_all_and_enabling_some_gives_exactly_those(plugins, point, enabled):
    sets = {other.name.lower(): plugins.at(other) for other in Point}
    sets[point.name.lower()] = PluginSet(enabled, (Plugin("*"),))
    result = expand(Plugins(**sets), IN_TREE_PLUGINS.points)
    assert result.at(point) == tuple(dict.fromkeys(plugin.name for plugin in enabled))


@given(all_plugins)
def test_what_a_point_enables_always_runs_there(plugins):
    result = expand(plugins, IN_TREE_PLUGINS.points)
    for point in POINTS:
        assert {plugin.name for plugin in plugins.at(point).enabled} <= set(result.at(point))
