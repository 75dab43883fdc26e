"""An anonymised cluster is scheduled as the original: the same pods on the same nodes with the same scores."""

from pathlib import Path

from hypothesis import given

import binpack
from binpack.model.anonymize import anonymize
from binpack.model.load import load
from binpack.model.node import Node
from binpack.testing.strategies import clusters

EXAMPLE = Path(__file__).parents[2] / "examples" / "cluster.json"


def decisions(objects):
    """What became of each waiting pod: by the node's rank, so that names do not matter."""
    ranks = {name: rank for rank, name in enumerate(sorted(value.name for value in objects if isinstance(value, Node)))}
    result = binpack.schedule(objects)
    return [(one.state, ranks.get(one.node), one.score, one.feasible_nodes, one.runner_up_score) for one in result.placements]


def test_the_example_cluster_is_scheduled_alike():
    objects = list(load(EXAMPLE))
    assert decisions(anonymize(objects, salt="s")) == decisions(objects)


@given(clusters())
def test_any_cluster_is_scheduled_alike(case):
    objects = [*case.objects, *case.nodes, *case.placed, *case.pending]
    assert decisions(anonymize(objects, salt="s")) == decisions(objects)
