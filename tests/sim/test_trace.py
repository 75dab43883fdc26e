"""The trace is what trace viewers read: each span begins and ends, on a row with a name."""

from __future__ import annotations

import json

import pytest

from binpack.sim.simulation import simulate
from binpack.sim.timeline import Apply, Delete
from binpack.sim.trace import write_trace
from binpack.testing import node, pod

S = 1_000_000


@pytest.fixture
def trace(tmp_path):
    events = [
        Apply(0, pod("a").request(cpu="1").build()),
        Apply(S, pod("b").request(cpu="1").build()),
        Apply(2 * S, pod("big").request(cpu="9").build()),
        Delete(30 * S, "Pod", "a", "default"),
    ]
    write_trace(tmp_path / "trace.json", simulate([node("n1").cpu(4).build()], events, seed=1, until_us=60 * S))
    return json.loads((tmp_path / "trace.json").read_text())["traceEvents"]


def test_pods_are_spans_on_the_row_of_their_node(trace):
    rows = {(one["pid"], one["tid"]): one["args"]["name"] for one in trace if one["name"] == "thread_name"}
    begins = {one["name"]: one for one in trace if one["ph"] == "b"}
    ends = {one["id"]: one for one in trace if one["ph"] == "e"}
    assert sorted(begins) == ["default/a", "default/b"], "what found no node has no row"
    assert {rows[one["pid"], one["tid"]] for one in begins.values()} == {"n1"}
    spans = {name: (one["ts"], ends[one["id"]]["ts"]) for name, one in begins.items()}
    assert spans["default/b"] == (S, 60 * S)
    assert spans["default/a"][0] == 0
    assert 30 * S <= spans["default/a"][1] <= 32 * S
    assert all(ends[one["id"]]["cat"] == one["cat"] and ends[one["id"]]["pid"] == one["pid"] for one in begins.values())


def test_decisions_are_instants(trace):
    decisions = [(one["name"], one["ts"], one["args"]["object"]) for one in trace if one["ph"] == "i"]
    assert ("Scheduled", 0, "Pod default/a") in decisions
    assert ("FailedScheduling", 2 * S, "Pod default/big") in decisions
    assert all(one["s"] == "t" for one in trace if one["ph"] == "i")
