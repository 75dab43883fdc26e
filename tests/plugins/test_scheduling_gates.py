from __future__ import annotations

import pytest

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unresolvable
from binpack.plugins.scheduling_gates import SchedulingGates
from binpack.testing import pod
from binpack.testing.trial import wakes

PLUGIN = SchedulingGates()


@pytest.mark.parametrize(
    ("why", "a_pod", "status"),
    [
        ("no gate, no waiting", pod("p"), None),
        ("one gate", pod("p").gate("a"), unresolvable("waiting for scheduling gates: [a]")),
        ("gates in their order", pod("p").gate("b").gate("a"), unresolvable("waiting for scheduling gates: [b a]")),
    ],
)
def test_pre_enqueue(why, a_pod, status):
    assert PLUGIN.pre_enqueue(a_pod.build()) == status, why


@pytest.mark.parametrize(
    ("why", "name", "action", "woken"),
    [
        ("its own gates are gone", "p", Action.UPDATE_POD_SCHEDULING_GATES_ELIMINATED, True),
        ("another pod's gates are gone", "q", Action.UPDATE_POD_SCHEDULING_GATES_ELIMINATED, False),
        ("its labels changed", "p", Action.UPDATE_POD_LABEL, False),
    ],
)
def test_events(why, name, action, woken):
    event = ClusterEvent(Resource.UNSCHEDULED_POD, action, pod(name).gate("a").build(), pod(name).build())
    assert wakes(PLUGIN, pod("p"), event) is woken, why
