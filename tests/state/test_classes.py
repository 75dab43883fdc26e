from __future__ import annotations

import pytest

from binpack.model.base import replace
from binpack.model.volumes import EphemeralVolumeSource, Volume
from binpack.state.classes import FEATURES, PodClasses
from binpack.testing import pod

PLAIN = pod("a").request(cpu=1)


def with_volumes(name: str, *volumes: Volume):
    built = pod(name).request(cpu=1).build()
    return replace(built, spec=replace(built.spec, volumes=volumes))


@pytest.mark.parametrize(
    ("why", "one", "other", "same"),
    [
        ("names tell nothing", PLAIN.build(), pod("b").request(cpu=1).build(), True),
        ("labels that nobody reads tell nothing", PLAIN.build(), PLAIN.label(app="web").build(), True),
        ("requests", PLAIN.build(), PLAIN.request(cpu=2).build(), False),
        ("a claim", PLAIN.build(), PLAIN.claim("data").build(), False),
        ("the same claim", PLAIN.claim("data").build(), PLAIN.claim("data").build(), True),
        (
            "a service account's token has a name of its own in each pod",
            with_volumes("a", Volume(name="kube-api-access-x7k2p")),
            with_volumes("b", Volume(name="kube-api-access-q9d4z")),
            True,
        ),
        ("volumes that no plugin reads", PLAIN.build(), with_volumes("b", Volume(name="settings")), True),
        (
            "ephemeral volumes have claims of their own",
            with_volumes("a", Volume(name="scratch", ephemeral=EphemeralVolumeSource())),
            with_volumes("b", Volume(name="scratch", ephemeral=EphemeralVolumeSource())),
            False,
        ),
    ],
)
def test_which_pods_are_one_class(why, one, other, same):
    classes = PodClasses(tuple(FEATURES))
    assert (classes.of(one) is classes.of(other)) == same, why


def test_many_at_once_are_of_the_classes_that_each_is_of() -> None:
    """A glance tells pods of one template apart by nothing but what their template shares: anything else has to be looked at."""
    first = PLAIN.label(app="web").build()
    meta = first.metadata
    drawn = [
        first,
        replace(first, metadata=replace(meta, name="b")),
        replace(first, metadata=replace(meta, name="c", labels={"app": "other"})),
        replace(first, metadata=replace(meta, name="d", namespace="elsewhere")),
        replace(first, metadata=replace(meta, name="e", owner_references=PLAIN.owner("ReplicaSet", "r").build().metadata.owner_references)),
        replace(first, metadata=replace(PLAIN.label(app="web").terminating().build().metadata, labels=meta.labels)),
        replace(first, metadata=replace(meta, name="f", annotations={"team": "blue"})),
        replace(first, spec=replace(first.spec, tolerations=PLAIN.tolerates("spot").build().spec.tolerations)),
        with_volumes("g", Volume(name="scratch", ephemeral=EphemeralVolumeSource())),
        first,
    ]
    pods = [*drawn, *reversed(drawn)]
    for features in (tuple(FEATURES), (*FEATURES, "annotations:team")):
        classes, alone = PodClasses(features), PodClasses(features)
        for keys in (frozenset[str](), frozenset({"app"})):
            classes.read_labels(keys)
            alone.read_labels(keys)
            assert [each.id for each in classes.of_all(pods)] == [alone.of(each).id for each in pods]
            assert classes.of_all(pods) == [classes.of(each) for each in pods]
