"""Makes cluster.json, prices.yaml and manifests/nodes.yaml beside this file: a cluster of our own invention, as `kubectl` would dump it.

    python examples/make_example_cluster.py

About 40 nodes and 400 pods. kube-scheduler's default profile placed them one by one; then some Deployments were scaled down, so that half
of what is allocatable is requested and much of it could be free. One Deployment cannot be scheduled where things stand; a few other pods
just arrived and can. The same bytes come out each time, and a test holds the files to this script. The real thing would come from

    kubectl get nodes,pods,deployments,replicasets,daemonsets,jobs,services,namespaces,priorityclasses,pdb -A -o json
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from example_apps import APPS, BATCHES, CORDONED, DAEMONS, POOLS, SCALED_UP, STATIC, UNSCHEDULABLE, App, Batch
from example_dump import DAY, NOW, Clerk, deployment_status, node_manifest, pod_manifest, replica_status, written

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace, to_manifest
from binpack.model.meta import LabelSelector
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.ties import TieBreaker
from binpack.sim.streams import stream
from binpack.state.cluster import Cluster
from binpack.testing import ZONE, budget, deployment, job, namespace, pod, priority_class, replica_set, service
from binpack.testing.pods import PodBuilder
from workloads.instances import catalogue
from workloads.pools import NodePool

HERE = Path(__file__).parent
SEED = 20260301
SYSTEM = (priority_class("system-cluster-critical", 2_000_000_000), priority_class("system-node-critical", 2_000_001_000))
BATCH_PRIORITY = -100
OURS = (priority_class("high", 100_000), priority_class("batch", BATCH_PRIORITY, preemption_policy="Never"))


@dataclass
class Example:
    """The cluster while it is made: the scheduler's view, and the manifests by resource."""

    clerk: Clerk
    nodes: list[Node]
    cluster: Cluster = field(default_factory=Cluster)
    created: dict[str, datetime] = field(default_factory=dict)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.nodes:
            self.cluster.add_node(node)
        self.cycle = SchedulingCycle(self.cluster, build_profiles(Registry(in_tree())), tie_breaker=TieBreaker())
        self.numbers = {node.name: number for number, node in enumerate(self.nodes)}

    def add(self, resource: str, manifest: dict[str, Any]) -> None:
        """Put a manifest into the dump."""
        self.items.setdefault(resource, []).append(manifest)

    def bind(self, bound: Pod, created: datetime) -> None:
        """Put a pod on the node that it names, without asking the scheduler."""
        self.cluster.add_pod(bound, bound.spec.node_name)
        self.created[bound.key] = created

    def place(self, waiting: Pod, created: datetime) -> None:
        """Let the scheduler place a pod; the example is made so that it can."""
        decision = self.cycle.decide(waiting)
        assert decision.node is not None, f"{waiting.key}: {decision.message}"
        self.cycle.commit(decision)
        self.created[waiting.key] = created

    def wait(self, waiting: Pod, created: datetime, *, tried: bool) -> None:
        """Leave a pod pending; if it was tried, with the scheduler's message."""
        message = self.cycle.decide(waiting).message or "" if tried else ""
        self.add("pods", pod_manifest(self.clerk, waiting, created, None, message))


def main() -> None:
    """Write the files."""
    for name, text in files().items():
        (HERE / name).write_text(text)


def files() -> dict[str, str]:
    """Return each file's text by its path below this folder."""
    lines = ",\n".join(json.dumps(item, separators=(",", ":")) for items in make().items.values() for item in items)
    return {
        "cluster.json": f'{{"apiVersion":"v1","kind":"List","metadata":{{"resourceVersion":""}},"items":[\n{lines}\n]}}\n',
        "prices.yaml": prices(),
        "manifests/nodes.yaml": small_nodes(),
    }


def make() -> Example:
    """Build the whole cluster; what depends on what is made first."""
    example = Example(Clerk(stream(SEED, "example-cluster")), [node for pool in POOLS for node in pool.nodes()])
    for resource in (
        "nodes",
        "pods",
        "deployments",
        "replicasets",
        "daemonsets",
        "jobs",
        "services",
        "namespaces",
        "priorityclasses",
        "pdb",
    ):
        example.items[resource] = []
    _system_pods(example)
    owned = [(app, _deployment(example, app), max(app.former, app.replicas)) for app in APPS]
    finite = [(batch.app, _job(example, batch), min(batch.app.replicas, batch.completions - batch.done)) for batch in BATCHES]
    waiting = [(app, template) for app, template, count in (*owned, *finite) for _ in range(count)]
    pods_of: dict[str, list[str]] = {}
    for index in example.clerk.generator.permutation(len(waiting)):
        app, template = waiting[index]
        one = _one_of(example.clerk, app, template)
        example.place(one, example.clerk.before_now(timedelta(hours=1), 10 * DAY))
        pods_of.setdefault(app.name, []).append(one.key)
    for app, _, count in owned:
        _scale_down(example, pods_of[app.name], count - app.replicas)
    _cordon(example)
    _pending_pods(example, {app.name: (app, template) for app, template, _ in owned})
    _around(example)
    _dump_nodes_and_pods(example)
    for items in example.items.values():
        items.sort(key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))
    return example


def prices() -> str:
    """Write the price of each instance type."""
    lines = [f"{machine.name}: {machine.price_micros / 1e6:.4f}" for machine in catalogue().values()]
    return (
        "# Price of an hour on demand by instance type (label node.kubernetes.io/instance-type), in one currency.\n"
        + "\n".join(lines)
        + "\n"
    )


def small_nodes() -> str:
    """Write the nodes of the small cluster that manifests/ and scenario.yaml use."""
    nodes = [*NodePool("general", "general-8", 6).nodes(), *NodePool("large", "general-16", 2).nodes()]
    header = "# Eight nodes of two types in three zones; written by make_example_cluster.py.\n"
    return header + yaml.safe_dump_all((to_manifest(node) for node in nodes), sort_keys=False)


def _system_pods(example: Example) -> None:
    """Bind what each node runs by itself: a pod of each DaemonSet, and on the control plane the static pods."""
    clerk, long_ago = example.clerk, NOW - 28 * DAY
    for app in DAEMONS:
        uid = clerk.uid()
        template = (
            _template(app, tolerate_not_ready=False).tolerates_everything().priority_class("system-node-critical").priority(2_000_001_000)
        )
        for node in example.nodes:
            owned = template.owner("DaemonSet", app.name, uid=uid).requires_node_named(node.name).on(node.name)
            example.bind(_renamed(owned, f"{app.name}-{clerk.suffix()}"), clerk.before_now(15 * DAY, 20 * DAY))
        selector = {"matchLabels": {"app": app.name}}
        plain = {"metadata": {"labels": {"app": app.name}}, "spec": to_manifest(template.build())["spec"]}
        meta = {"name": app.name, "namespace": app.namespace, "uid": uid, "resourceVersion": "9120", "creationTimestamp": written(long_ago)}
        counts = dict.fromkeys(("currentNumberScheduled", "desiredNumberScheduled", "numberReady"), len(example.nodes))
        daemon = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta, "spec": {"selector": selector, "template": plain}}
        example.add("daemonsets", daemon | {"status": counts})
    for node in example.nodes[: POOLS[0].count]:
        for name in STATIC:
            draft = pod(f"{name}-{node.name}", namespace="kube-system").label(component=name, tier="control-plane").request(cpu="200m")
            draft = draft.image(f"registry.example.com/kubernetes/{name}:v1.35.4").tolerates("", operator="Exists", effect="NoExecute")
            draft = draft.priority_class("system-node-critical").priority(2_000_001_000).owner("Node", node.name, api_version="v1")
            draft = draft.annotate({"kubernetes.io/config.mirror": clerk.uid(), "kubernetes.io/config.source": "file"}).on(node.name)
            example.bind(draft.scheduler("default-scheduler").build(), long_ago)


def _deployment(example: Example, app: App, *, ready: int | None = None) -> PodBuilder:
    """Add a Deployment and its ReplicaSet; return the template of its pods, labelled and owned."""
    clerk, created, template = example.clerk, example.clerk.before_now(10 * DAY, 26 * DAY), _template(app)
    replicas = app.replicas + SCALED_UP.get(app.name, 0)
    ready = app.replicas if ready is None else ready
    uid, set_uid, hashed = clerk.uid(), clerk.uid(), clerk.suffix(9)
    manifest = clerk.manifest(deployment(app.name, template, replicas=replicas), created, uid=uid)
    manifest["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "7"}
    example.add("deployments", manifest | {"status": deployment_status(replicas, ready, created)})
    labels = {"app": app.name, "pod-template-hash": hashed}
    owned = template.label(labels).owner("Deployment", app.name, uid=uid)
    plain = replica_set(f"{app.name}-{hashed}", template.label(labels), replicas=replicas)
    # The builder labels by its own name; a Deployment's ReplicaSet selects by the template's labels.
    spec = replace(plain.spec, selector=LabelSelector(labels), template=template.label(labels).template())
    meta = replace(plain.metadata, labels=labels, owner_references=owned.build().metadata.owner_references)
    manifest = clerk.manifest(replace(plain, metadata=meta, spec=spec), created, uid=set_uid)
    example.add("replicasets", manifest | {"status": replica_status(replicas, ready)})
    return template.label(labels).owner("ReplicaSet", f"{app.name}-{hashed}", uid=set_uid)


def _job(example: Example, batch: Batch) -> PodBuilder:
    """Add a Job and the last two of its pods that succeeded; return the template of the others."""
    clerk, app, uid = example.clerk, batch.app, example.clerk.uid()
    created, template = clerk.before_now(timedelta(hours=1), timedelta(hours=6)), _template(app)
    manifest = clerk.manifest(job(app.name, template, completions=batch.completions, parallelism=app.replicas), created, uid=uid)
    active = min(app.replicas, batch.completions - batch.done)
    counts = {field: count for field, count in (("active", active), ("ready", active), ("succeeded", batch.done)) if count}
    example.add("jobs", manifest | {"status": {"startTime": written(created)} | counts})
    labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": app.name}
    owned = template.label(labels).restarts("Never").owner("Job", app.name, api_version="batch/v1", uid=uid)
    spot = [node.name for node in example.nodes if node.name.startswith("spot" if app.ask is BATCHES[1].app.ask else "general")]
    for number in range(min(batch.done, 2)):
        finished = _renamed(owned.on(spot[number]).phase("Succeeded"), f"{app.name}-{clerk.suffix()}")
        example.add("pods", pod_manifest(clerk, finished, created, example.numbers[spot[number]]))
    return owned


def _template(app: App, *, tolerate_not_ready: bool = True) -> PodBuilder:
    """Build what all pods of an application have, as admission leaves it."""
    draft = pod(app.name, namespace=app.namespace).label(app=app.name).request(cpu=app.cpu, memory=app.memory).image(app.image)
    draft = app.ask(draft.scheduler("default-scheduler").restarts("Always"))
    if tolerate_not_ready:
        for key in ("not-ready", "unreachable"):
            draft = draft.tolerates(f"node.kubernetes.io/{key}", effect="NoExecute", seconds=300)
    return draft


def _one_of(clerk: Clerk, app: App, template: PodBuilder) -> Pod:
    owner = template.build().metadata.owner_references[0].name
    return _renamed(template.phase("Pending"), f"{owner}-{clerk.suffix()}")


def _renamed(template: PodBuilder, name: str) -> Pod:
    built = template.build()
    return replace(built, metadata=replace(built.metadata, name=name))


def _scale_down(example: Example, keys: list[str], count: int) -> None:
    """Remove pods of one Deployment, each from the zone that has most of them, so that no zone is left behind."""
    left = {key: example.nodes[example.numbers[example.cluster.node_of(key) or ""]].metadata.labels[ZONE] for key in sorted(keys)}
    for _ in range(count):
        sizes = Counter(left.values())
        fullest = [key for key, zone in left.items() if sizes[zone] == max(sizes.values())]
        gone = fullest[int(example.clerk.generator.integers(len(fullest)))]
        example.cluster.remove_pod(gone)
        del left[gone]


def _cordon(example: Example) -> None:
    """Cordon one node, as for maintenance; its pods stay."""
    number = example.numbers[CORDONED]
    node = example.nodes[number]
    taint = Taint("node.kubernetes.io/unschedulable", "", "NoSchedule", NOW - timedelta(minutes=40))
    example.nodes[number] = replace(node, spec=replace(node.spec, unschedulable=True, taints=(*node.spec.taints, taint)))
    example.cluster.update_node(example.nodes[number])


def _pending_pods(example: Example, templates: dict[str, tuple[App, PodBuilder]]) -> None:
    """Add what waits: replicas that were asked for just now, a pod on its own, and the Deployment that finds no node."""
    just_now = NOW - timedelta(seconds=20)
    for name, count in SCALED_UP.items():
        app, template = templates[name]
        for _ in range(count):
            example.wait(_one_of(example.clerk, app, template), just_now, tried=False)
    shell = _template(App("default", "debug-shell", 1, "100m", "128Mi")).phase("Pending")
    example.wait(shell.build(), just_now, tried=False)
    template = _deployment(example, UNSCHEDULABLE, ready=0)
    for _ in range(UNSCHEDULABLE.replicas):
        example.wait(_one_of(example.clerk, UNSCHEDULABLE, template), NOW - timedelta(minutes=25), tried=True)


def _around(example: Example) -> None:
    """Add namespaces, Services, disruption budgets and priority classes."""
    clerk, long_ago = example.clerk, NOW - 28 * DAY
    for name in sorted({"default", *(app.namespace for app in (*APPS, *DAEMONS))}):
        example.add("namespaces", clerk.manifest(namespace(name), long_ago) | {"status": {"phase": "Active"}})
    for app in APPS:
        if app.ask(pod().label(app=app.name)).build().spec.priority != BATCH_PRIORITY:
            example.add("services", clerk.manifest(service(app.name, namespace=app.namespace), long_ago))
        if app.ask(pod().label(app=app.name)).build().spec.priority_class_name == "high":
            least = app.replicas - 1
            guard = clerk.manifest(budget(app.name, {"app": app.name}, min_available=least, namespace=app.namespace), long_ago)
            counts = {"currentHealthy": app.replicas, "desiredHealthy": least, "disruptionsAllowed": 1, "expectedPods": app.replicas}
            example.add("pdb", guard | {"status": counts | {"observedGeneration": 1}})
    for one in (*SYSTEM, *OURS):
        example.add("priorityclasses", clerk.manifest(one, long_ago))


def _dump_nodes_and_pods(example: Example) -> None:
    images: dict[str, list[str]] = {name: [] for name in example.numbers}
    for bound, name in list(example.cluster.pods()):
        running = replace(bound, status=replace(bound.status, phase="Running"))
        example.add("pods", pod_manifest(example.clerk, running, example.created[bound.key], example.numbers[name]))
        images[name].append(bound.spec.containers[0].image)
    for number, node in enumerate(example.nodes):
        example.add("nodes", node_manifest(example.clerk, node, number, sorted(set(images[node.name]))[:4]))


if __name__ == "__main__":
    main()
