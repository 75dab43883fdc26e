"""The arithmetic of rollouts, as tables. Worked examples are those of Kubernetes' documentation or computed by hand."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binpack.control.clock import timestamp_of
from binpack.control.controllers.deployment.annotations import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    REVISION_HISTORY,
    with_revision,
)
from binpack.control.controllers.deployment.fenceposts import Fenceposts, fenceposts, limits_of, new_replica_count, replicas_of
from binpack.control.controllers.deployment.history import to_forget
from binpack.control.controllers.deployment.progress import has_timed_out, is_complete, is_progressing
from binpack.control.controllers.deployment.revisions import find_new, template_hash
from binpack.control.controllers.deployment.rolling import scale_down_old, scale_up_new
from binpack.control.controllers.deployment.scaling import fraction, is_scaling, scale
from binpack.model.base import replace
from binpack.model.int_or_percent import scaled
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.workloads import (
    Deployment,
    DeploymentSpec,
    DeploymentStatus,
    DeploymentStrategy,
    ReplicaSet,
    ReplicaSetSpec,
    ReplicaSetStatus,
    RollingUpdate,
)
from binpack.testing import pod
from binpack.units import US_PER_S


def rolling(replicas: int, surge=0, unavailable=0, *, strategy: str = "RollingUpdate", **status) -> Deployment:
    spec = DeploymentSpec(replicas=replicas, strategy=DeploymentStrategy(strategy, RollingUpdate(surge, unavailable)))
    return Deployment(metadata=ObjectMeta(name="web"), spec=spec, status=DeploymentStatus(**status))


def sized(
    name: str, replicas: int, available: int = 0, *, age: int = 0, sized_for: int | None = None, most: int | None = None
) -> ReplicaSet:
    annotations = {key: str(value) for key, value in ((DESIRED_REPLICAS, sized_for), (MAX_REPLICAS, most)) if value is not None}
    meta = ObjectMeta(name=name, uid=name, annotations=annotations, creation_timestamp=timestamp_of(-age * US_PER_S))
    return ReplicaSet(metadata=meta, spec=ReplicaSetSpec(replicas=replicas), status=ReplicaSetStatus(available_replicas=available))


def sizes(resizes) -> dict[str, int]:
    return {one.replica_set.metadata.name: one.replicas for one in resizes}


@pytest.mark.parametrize(
    ("why", "surge", "unavailable", "replicas", "expected"),
    [
        ("surge is rounded up, unavailable down", "25%", "25%", 10, (3, 2)),
        ("plain numbers stay", 2, 4, 10, (2, 4)),
        ("both zero would never move", 0, 0, 10, (0, 1)),
        ("so would percentages that round to zero", "0%", "5%", 10, (0, 1)),
        ("a missing one counts as zero", None, 1, 10, (0, 1)),
        ("more than all", "150%", 0, 4, (6, 0)),
    ],
)
def test_fenceposts(why, surge, unavailable, replicas, expected):
    assert fenceposts(surge, unavailable, replicas) == Fenceposts(*expected), why


def test_limits_are_capped_and_belong_to_rolling_updates():
    assert limits_of(rolling(2, 1, 5)) == Fenceposts(1, 2)
    assert limits_of(rolling(0, 1, 5)) == Fenceposts(1, 0)
    assert limits_of(rolling(5, 1, 1, strategy="Recreate")) == Fenceposts(0, 0)
    with pytest.raises(ValueError, match='"oops" is not a percentage'):
        scaled("oops", 10, "up")


@pytest.mark.parametrize(
    ("why", "deployment", "new", "total", "expected"),
    [
        ("no room above the wanted number", rolling(10, 0, 2), 0, 10, 0),
        ("as much as the surge allows", rolling(10, 2, 0), 0, 10, 2),
        ("never beyond what is wanted", rolling(6, 10, 0), 2, 5, 6),
        ("Recreate takes all at once", rolling(4, strategy="Recreate"), 0, 0, 4),
    ],
)
def test_new_replica_count(why, deployment, new, total, expected):
    assert new_replica_count(deployment, new, total) == expected, why


def test_a_rollout_of_ten_as_worked_out_in_the_documents():
    web = rolling(10, "25%", "25%")
    old, new = sized("old", 10, 10, age=60), sized("new", 3)
    assert sizes(scale_up_new(web, new, [old])) == {}
    assert sizes(scale_down_old(web, new, [old])) == {"old": 8}
    assert sizes(scale_up_new(web, new, [sized("old", 8, 8)])) == {"new": 5}
    assert sizes(scale_up_new(web, sized("new", 12), [])) == {"new": 10}


@pytest.mark.parametrize(
    ("why", "deployment", "new", "old", "expected"),
    [
        ("nothing may be missing", rolling(10, 1, 0), sized("new", 1), [sized("old", 10, 10)], {}),
        (
            "what is not available goes first, from the oldest",
            rolling(10, 0, 2),
            None,
            [sized("b", 5, 5, age=1), sized("a", 5, 3, age=9)],
            {"a": 3},
        ),
        ("and then what there is to spare", rolling(10, 0, 3), None, [sized("b", 5, 5, age=1), sized("a", 5, 4, age=9)], {"a": 2}),
        ("a new one that is not available holds the old ones", rolling(4, 2, 1), sized("new", 2, 0), [sized("old", 4, 4)], {"old": 3}),
        ("the others are gone already", rolling(4, 0, 1), sized("new", 4, 4), [sized("old", 0)], {}),
    ],
)
def test_scale_down_old(why, deployment, new, old, expected):
    assert sizes(scale_down_old(deployment, new, old)) == expected, why


@given(
    st.integers(0, 30),
    st.integers(0, 10),
    st.integers(0, 10),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=4),
)
def test_a_step_keeps_the_surge_limit_and_enough_available(replicas, surge, unavailable, family):
    web = rolling(replicas, surge, unavailable)
    owned = [sized(f"rs{i}", size, min(size, available), age=i) for i, (size, available) in enumerate(family)]
    new, old = owned[0], owned[1:]
    total, limits = sum(map(replicas_of, owned)), limits_of(web)
    grown = sizes(scale_up_new(web, new, old))
    after = total + sum(count - replicas_of(new) for count in grown.values())
    assert after <= max(total, replicas + limits.surge)
    shrunk = sizes(scale_down_old(web, new, old))
    lost = sum(replicas_of(one) - shrunk.get(one.metadata.name, replicas_of(one)) for one in old)
    assert 0 <= lost <= max(total - (replicas - limits.unavailable), 0)
    # At worst every pod that goes was available: what is left is still enough, or was not enough before.
    healthy = sum(one.status.available_replicas for one in owned)
    kept = sum(min(one.status.available_replicas, shrunk.get(one.metadata.name, replicas_of(one))) for one in owned)
    assert kept >= min(healthy, replicas - limits.unavailable)


@pytest.mark.parametrize(
    ("why", "deployment", "new", "old", "expected"),
    [
        ("the only active one takes it all", rolling(12), sized("new", 10), [], {"new": 12}),
        ("none active: the new one", rolling(5), sized("new", 0), [sized("old", 0, age=5)], {"new": 5}),
        ("none active and none new: the youngest", rolling(5), None, [sized("a", 0, age=9), sized("b", 0, age=5)], {"b": 5}),
        (
            "half and half",
            rolling(20),
            sized("new", 5, sized_for=10, most=10),
            [sized("old", 5, age=9, sized_for=10, most=10)],
            {"new": 10, "old": 10},
        ),
        (
            "the leftover goes to the largest",
            rolling(12),
            sized("new", 4, most=10),
            [sized("old", 6, age=9, most=10)],
            {"new": 5, "old": 7},
        ),
        ("a saturated new one ends the others", rolling(5), sized("new", 5, 5, sized_for=5), [sized("old", 2, age=9)], {"old": 0}),
        ("down to nothing", rolling(0), sized("new", 3, most=10), [sized("old", 7, age=9, most=10)], {"new": 0, "old": 0}),
    ],
)
def test_scale(why, deployment, new, old, expected):
    assert sizes(scale(deployment, new, old)) == expected, why


@given(st.integers(0, 50), st.lists(st.integers(1, 30), min_size=2, max_size=5), st.integers(0, 5))
@example(3, [1, 1, 1, 1, 1], 0)
def test_proportional_scaling_adds_up(replicas, present, surge):
    total = sum(present)
    owned = [sized(f"rs{i}", size, age=i, most=total) for i, size in enumerate(present)]
    result = sizes(scale(rolling(replicas, surge), owned[0], owned[1:]))
    # Where the shares round to nothing, the largest alone gives up the leftover, as far as it has pods (sync.go, scale).
    largest, *others = result.values()
    assert present[int(next(iter(result)).removeprefix("rs"))] == max(present)
    assert largest == max((replicas + surge if replicas else 0) - sum(others), 0)
    assert all(count >= 0 for count in others)


def test_a_share_is_rounded_half_away_from_zero():
    assert fraction(rolling(5), sized("a", 1, most=2)) == 2
    assert fraction(rolling(10), sized("a", 5)) == 0
    of_twenty = replace(rolling(10), status=DeploymentStatus(replicas=20))
    assert fraction(of_twenty, sized("a", 10)) == -5


def test_scaling_is_seen_by_the_annotation():
    assert is_scaling(rolling(5), [sized("a", 3, sized_for=4)])
    assert not is_scaling(rolling(5), [sized("a", 3, sized_for=5), sized("b", 0, sized_for=4), sized("c", 3)])


def old_one(name: str, *, revision: int, replicas: int = 0, status: int = 0) -> ReplicaSet:
    one = sized(name, replicas)
    meta = replace(one.metadata, annotations={REVISION: str(revision)})
    return replace(one, metadata=meta, status=ReplicaSetStatus(replicas=status))


@pytest.mark.parametrize(
    ("why", "limit", "expected"),
    [
        ("keep two: the one with the lowest revision goes", 2, ["r1"]),
        ("a busy one stays, and no other goes in its place", 1, ["r1"]),
        ("keep none", 0, ["r1", "r3"]),
        ("no limit", 2147483647, []),
        ("ten by default", None, []),
    ],
)
def test_history(why, limit, expected):
    old = [old_one("r3", revision=3), old_one("r2", revision=2, status=1), old_one("r1", revision=1)]
    assert [one.metadata.name for one in to_forget(old, limit)] == expected, why


def test_a_higher_revision_keeps_the_former_one_in_mind():
    raised = with_revision(with_revision(old_one("a", revision=1), 3), 7)
    assert raised.metadata.annotations == {REVISION: "7", REVISION_HISTORY: "1,3"}
    assert with_revision(raised, 5) is raised


def test_a_rollout_is_complete_only_when_all_is_new_and_available():
    done = DeploymentStatus(replicas=5, updated_replicas=5, available_replicas=5)
    assert is_complete(rolling(5), done)
    for lacking in ("replicas", "updated_replicas", "available_replicas"):
        assert not is_complete(rolling(5), replace(done, **{lacking: 4}))


def test_progress_is_whatever_has_got_better():
    stored = DeploymentStatus(replicas=10, updated_replicas=4, ready_replicas=4, available_replicas=4)
    assert not is_progressing(stored, stored)
    assert is_progressing(stored, replace(stored, updated_replicas=5))
    assert is_progressing(stored, replace(stored, replicas=8))
    assert is_progressing(stored, replace(stored, ready_replicas=5))
    assert not is_progressing(stored, replace(stored, updated_replicas=3, available_replicas=3))


@pytest.mark.parametrize(
    ("why", "reason", "seconds_ago", "deadline", "expected"),
    [
        ("in time", "ReplicaSetUpdated", 10, 10, False),
        ("late by a second", "ReplicaSetUpdated", 11, 10, True),
        ("what has timed out stays so", "ProgressDeadlineExceeded", 0, 10, True),
        ("a completed rollout never does", "NewReplicaSetAvailable", 9999, 10, False),
        ("no deadline", "ReplicaSetUpdated", 9999, 2147483647, False),
    ],
)
def test_timing_out(why, reason, seconds_ago, deadline, expected):
    now_us = 100_000 * US_PER_S
    condition = Condition("Progressing", "True", reason, last_update_time=timestamp_of(now_us - seconds_ago * US_PER_S))
    web = rolling(1, conditions=(condition,))
    web = replace(web, spec=replace(web.spec, progress_deadline_seconds=deadline))
    assert has_timed_out(web, now_us) is expected, why


def test_templates_are_equal_but_for_the_hash_label():
    template = pod().request(cpu="1").label(app="web").template()
    hashed = pod().request(cpu="1").label(app="web").label({"pod-template-hash": "abc"}).template()
    web = replace(rolling(1), spec=replace(rolling(1).spec, template=template))
    twin, other = sized("twin", 1), sized("other", 1, age=9)
    twin = replace(twin, spec=replace(twin.spec, template=hashed))
    assert find_new(web, [other, twin]) is twin
    assert template_hash(template, None) == template_hash(template, 0) != template_hash(template, 1)
