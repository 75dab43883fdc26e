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
