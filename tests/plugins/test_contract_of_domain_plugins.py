"""The promises of a plugin, for those that look beyond one node: domains, other pods, volumes."""

from __future__ import annotations

import pytest

from binpack.plugins import in_tree
from binpack.testing.checks import check_plugin

NAMES = (
    "PodTopologySpread",
    "InterPodAffinity",
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "DynamicResources",
)


@pytest.mark.parametrize("name", NAMES)
def test_contract(name):
    plugin = in_tree()[name]
    arguments = getattr(plugin, "arguments", None)
    check_plugin(plugin() if arguments is None else plugin(arguments()), examples=25)
