from __future__ import annotations

import pytest

from binpack.testing import (
    budget,
    claim,
    cron_job,
    daemon_set,
    deployment,
    job,
    namespace,
    pod,
    priority_class,
    replica_set,
    service,
    stateful_set,
)


@pytest.mark.parametrize("build", [deployment, replica_set, stateful_set])
def test_owners_select_the_pods_of_their_template(build):
    owner = build("web", pod("ignored", namespace="shop").request(cpu=1).label(tier="front"), replicas=3)
    assert owner.metadata.namespace == "shop"
    assert owner.spec.replicas == 3
    assert owner.spec.selector.match_labels.items() <= owner.spec.template.metadata.labels.items()
    assert owner.spec.template.metadata.labels == {"tier": "front", "app": "web"}
    assert owner.spec.template.metadata.name == ""


def test_job_pods_are_not_restarted():
    built = job("batch", pod().request(cpu=1), completions=4, parallelism=2)
    assert (built.spec.completions, built.spec.parallelism) == (4, 2)
    assert built.spec.template.spec.restart_policy == "Never"


def test_daemon_sets_and_cron_jobs():
    agent = daemon_set("agent", pod().request(cpu=1))
    assert (agent.spec.selector.match_labels, agent.spec.template.metadata.labels) == ({"app": "agent"}, {"app": "agent"})
    nightly = cron_job("nightly", "0 3 * * *", pod().request(cpu=1), completions=2)
    assert (nightly.spec.schedule, nightly.spec.job_template.spec.completions) == ("0 3 * * *", 2)
    assert nightly.spec.job_template.spec.template.spec.restart_policy == "Never"


def test_objects_around_pods():
    assert service("web").spec.selector == {"app": "web"}
    assert namespace("shop", team="a").metadata.labels == {"kubernetes.io/metadata.name": "shop", "team": "a"}
    assert priority_class("high", 1000).value == 1000
    assert str(claim("data", size="5Gi").spec.resources.requests["storage"]) == "5Gi"
    assert budget("web", {"app": "web"}, min_available=1).spec.min_available == 1
