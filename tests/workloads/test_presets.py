from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from binpack.errors import ConfigurationError
from binpack.model.requests import fit_requests, resource_list
from binpack.model.selectors import compile_node_term
from workloads.__main__ import main
from workloads.demand import demand, pod_groups
from workloads.presets import PRESETS, preset
from workloads.workload import generate

SUITE = ("steady", "diurnal", "mixed-constraints")


def tolerates(pod, node) -> bool:
    return all(
        any(
            t.key in ("", taint.key) and (t.operator == "Exists" or t.value == taint.value) and t.effect in ("", taint.effect)
            for t in pod.spec.tolerations
        )
        for taint in node.spec.taints
    )


def may_be_on(pod, node) -> bool:
    """Whether an empty node could take the pod; plain, and without anything about other pods."""
    allocatable = resource_list(node.status.allocatable)
    if any(allocatable.get(name, 0) < amount for name, amount in fit_requests(pod).items()):
        return False
    if not pod.spec.node_selector.items() <= node.metadata.labels.items():
        return False
    affinity = pod.spec.affinity and pod.spec.affinity.node_affinity
    required = affinity and affinity.required_during_scheduling_ignored_during_execution
    if required and not any(compile_node_term(term).matches(node.metadata.labels, node.name) for term in required.node_selector_terms):
        return False
    return tolerates(pod, node)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("seed", range(1, 4))
def test_every_pod_fits_some_node(name, seed):
    generated = generate(preset(name), seed)
    # One node of each kind will do.
    kinds = {
        (node.metadata.labels["example.com/pool"], node.metadata.labels["topology.kubernetes.io/zone"]): node for node in generated.nodes
    }
    homeless = [
        group.pod.metadata.labels for group in pod_groups(generated) if not any(may_be_on(group.pod, node) for node in kinds.values())
    ]
    assert homeless == []


@pytest.mark.parametrize("name", SUITE)
def test_size_of_a_run(name):
    for seed in range(1, 4):
        generated = generate(preset(name), seed)
        assert len(generated.nodes) <= 150
        assert 1_000 <= sum(group.created for group in pod_groups(generated)) <= 2_000
        allocatable = Counter()
        for node in generated.nodes:
            allocatable.update(resource_list(node.status.allocatable))
        wanted = demand(generated)
        peak = max(wanted.resources[resource].max() / allocatable[resource] for resource in ("cpu", "memory"))
        assert 0.6 <= peak <= 0.85


def test_the_names_are_the_workloads_own():
    assert all(preset(name).name == name for name in PRESETS)


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigurationError, match=r'workload "nope" does not exist \(accepted: steady, diurnal, mixed-constraints, small\)'):
        preset("nope")


def test_numbers_are_printed():
    done = CliRunner().invoke(main, ["small", "--seeds", "2"])
    assert done.exit_code == 0
    assert "## small" in done.output
    assert "| CPU request (milli-cores) |" in done.output


def test_an_unknown_name_is_said_in_one_line():
    done = CliRunner().invoke(main, ["nope"])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


def test_the_reference_page_shows_these_numbers():
    page = (Path(__file__).parents[2] / "docs/reference/workloads.md").read_text()
    assert page.split("\n---\n\n", 1)[1] == CliRunner().invoke(main, ["--seeds", "5"]).output
