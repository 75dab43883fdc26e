from __future__ import annotations

import json

import numpy as np
import pytest

from binpack.model.base import to_builtins
from binpack.testing import HOSTNAME, ZONE, pod
from workloads.constraints import Apart, InClass, InSome, OneOf, Selects, Share, Spread, Together, Tolerates

WEB = pod("web").label(app="web", tier="front")
OWN = {"labelSelector": {"matchLabels": {"app": "web"}}}


def spec_of(constraint, seed: int = 1):
    spec = json.loads(json.dumps(to_builtins(constraint.constrain(WEB, np.random.default_rng(seed)).build().spec)))
    del spec["containers"]
    return spec


@pytest.mark.parametrize(
    ("constraint", "spec"),
    [
        (Selects("pool", "blue"), {"nodeSelector": {"pool": "blue"}}),
        (Tolerates("spot"), {"tolerations": [{"key": "spot", "operator": "Exists"}]}),
        (
            Tolerates("spot", "true", "NoSchedule"),
            {"tolerations": [{"key": "spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}]},
        ),
        (Spread(), {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", **OWN}]}),
        (
            Apart(),
            {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": HOSTNAME, **OWN}]}}},
        ),
        (
            Together(weight=7),
            {
                "affinity": {
                    "podAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 7, "podAffinityTerm": {"topologyKey": ZONE, **OWN}}]
                    }
                }
            },
        ),
        (InClass("high"), {"priorityClassName": "high"}),
    ],
)
def test_each_says_what_it_means(constraint, spec):
    assert spec_of(constraint) == spec


def test_allowed_values_are_drawn_and_ordered():
    seen = set()
    for seed in range(30):
        (term,) = spec_of(InSome(("a", "b", "c"), count=2), seed)["affinity"]["nodeAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]["nodeSelectorTerms"]
        seen.add(tuple(term["matchExpressions"][0]["values"]))
    assert seen == {("a", "b"), ("a", "c"), ("b", "c")}


def test_a_share_takes_all_or_nothing():
    generator = np.random.default_rng(1)
    drafts = [Share(0.3, (Selects("a", "b"), Tolerates("c"))).constrain(WEB, generator).build() for _ in range(2_000)]
    with_both = [bool(draft.spec.node_selector) for draft in drafts]
    assert with_both == [bool(draft.spec.tolerations) for draft in drafts]
    assert np.mean(with_both) == pytest.approx(0.3, abs=0.03)


def test_one_of_several():
    generator = np.random.default_rng(1)
    choice = OneOf(((1, (InClass("high"),)), (3, ())))
    names = [choice.constrain(WEB, generator).build().spec.priority_class_name for _ in range(2_000)]
    assert set(names) == {"high", ""}
    assert np.mean([name == "high" for name in names]) == pytest.approx(0.25, abs=0.03)
