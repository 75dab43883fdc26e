"""The fewest nodes for the pods that run, and the cache of the answers."""

from __future__ import annotations

import json
from pathlib import Path

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.optimal.bound_cache import BoundCache
from binpack.optimal.instant import fewest_nodes
from binpack.plugins import in_tree
from binpack.testing import ZONE, node, pod

PROFILE: Profile = build_profiles(Registry(in_tree()))["default-scheduler"]
NODES = [node(f"n{number}").cpu("4").memory("8Gi").pods(10).zone("ab"[number % 2]).build() for number in range(4)]


def pods_on(*places: int) -> list:
    return [pod(f"p{n}").request(cpu="1", memory="1Gi").on(f"n{place}").build() for n, place in enumerate(places)]


def test_fewest_nodes_for_the_pods_that_run() -> None:
    found = fewest_nodes(NODES, pods_on(0, 1, 2, 3, 0, 1), PROFILE)
    assert (found.bound, found.nodes, found.pods, found.optimal, found.cached) == (2, 2, 6, True, False)


def test_policies_with_the_same_pods_share_an_answer(tmp_path: Path) -> None:
    cache = BoundCache(tmp_path / "bounds")
    one = fewest_nodes(NODES, pods_on(0, 1, 2, 3), PROFILE, cache=cache)
    other = fewest_nodes(NODES, pods_on(3, 3, 2, 1), PROFILE, cache=cache)
    assert (one.digest, one.bound, one.nodes) == (other.digest, other.bound, other.nodes)
    assert (one.cached, other.cached) == (False, True)


def test_a_damaged_entry_is_solved_again(tmp_path: Path) -> None:
    cache = BoundCache(tmp_path)
    fewest_nodes(NODES, pods_on(0, 1), PROFILE, cache=cache)
    (path,) = tmp_path.glob("*.json")
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    assert not fewest_nodes(NODES, pods_on(0, 1), PROFILE, cache=cache).cached
    assert path.read_text() == text
    document = json.loads(text)
    document["value"].pop("fills")
    path.write_text(json.dumps(document))
    assert fewest_nodes(NODES, pods_on(0, 1), PROFILE, cache=cache).nodes == 1


def test_nothing_runs() -> None:
    found = fewest_nodes(NODES, [], PROFILE)
    assert (found.bound, found.nodes) == (0, 0)


def test_affinity_to_a_pod_that_stays_is_kept() -> None:
    anchor = pod("anchor").owner("DaemonSet", "d").label(app="anchor").on("n1").build()
    near = [pod(f"p{n}").request(cpu="1", memory="1Gi").near({"app": "anchor"}, ZONE).on("n3").build() for n in range(2)]
    found = fewest_nodes(NODES, [anchor, *near], PROFILE)
    assert (found.bound, found.nodes, found.relaxed) == (1, 1, ())


def test_a_placement_that_breaks_affinity_is_not_counted() -> None:
    # The pods must be near a pod that may move, too; the problem does not know that, the checker does.
    anchor = pod("anchor").label(app="anchor").request(cpu="1", memory="1Gi").on("n1").build()
    near = [pod(f"p{n}").request(cpu="1", memory="1Gi").near({"app": "anchor"}, ZONE).on("n3").build() for n in range(2)]
    found = fewest_nodes(NODES, [anchor, *near], PROFILE)
    assert found.bound == 1
    assert found.nodes in (1, None)
    assert found.relaxed == (f"required pod affinity over {ZONE}",)
