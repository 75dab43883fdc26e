from __future__ import annotations

import pytest

from binpack.framework.arguments import ARGUMENTS
from binpack.framework.defaults import DEFAULT_MULTI_POINT, IN_TREE
from binpack.framework.points import Point
from binpack.plugins import in_tree, research_policies
from binpack.testing.checks import check_plugin

PLUGINS = in_tree()
WEIGHTS = dict(DEFAULT_MULTI_POINT)


@pytest.mark.parametrize("name", PLUGINS)
def test_kubernetes_plugins_are_declared_as_upstream(name):
    plugin = PLUGINS[name]
    assert plugin.name == name
    if name in research_policies() or name == "GpuShare":
        assert name not in IN_TREE
        return
    assert plugin.points <= IN_TREE[name], "what it implements is what a configuration may ask of it"
    assert getattr(plugin, "arguments", None) is ARGUMENTS.get(name)
    if Point.SCORE in plugin.points and WEIGHTS[name] is not None:
        assert plugin.default_weight == WEIGHTS[name]


LOOKING_AT_ONE_NODE = (
    "SchedulingGates",
    "PrioritySort",
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "NodeResourcesBalancedAllocation",
    "ImageLocality",
    "DefaultBinder",
    *research_policies(),
)


@pytest.mark.parametrize("name", LOOKING_AT_ONE_NODE)
def test_contract(name):
    plugin = PLUGINS[name]
    arguments = getattr(plugin, "arguments", None)
    check_plugin(plugin() if arguments is None else plugin(arguments()), examples=25)
