"""The selector that default spread constraints use: what the pod's Services and its controller select.

Source: pkg/scheduler/framework/plugins/helper/spread.go, v1.35.
"""

from __future__ import annotations

from collections import defaultdict

from binpack.model.meta import LabelSelector, OwnerReference, controller_of
from binpack.model.pod import Pod
from binpack.model.selectors import Selector, SelectorError, compile_label_selector, select_labels
from binpack.plugins.per_cluster import PerCluster
from binpack.state.cluster import Cluster

_LabelPair = tuple[str, str]


def deduced_selector(pod: Pod, cluster: Cluster) -> Selector:
    """Return the union of the selectors of the pod's Services, and of its controller; empty if there is none of either."""
    labels = pod.metadata.labels
    wanted: dict[str, str] = {}
    services = _SERVICES.of(cluster).get(pod.metadata.namespace, {})
    for pair in labels.items():
        for selector in services.get(pair, ()):
            if selector.items() <= labels.items():
                wanted |= selector
    owner = controller_of(pod.metadata)
    if owner is None:
        return select_labels(wanted)
    if (owner.api_version, owner.kind) == ("v1", "ReplicationController"):
        controller = cluster.catalog.get(owner.kind, owner.name, pod.metadata.namespace)
        return select_labels(wanted if controller is None else wanted | (controller.spec.selector or {}))
    return select_labels(wanted).also(_of_controller(owner, pod.metadata.namespace, cluster).requirements)


def _of_controller(owner: OwnerReference, namespace: str, cluster: Cluster) -> Selector:
    """What a ReplicaSet or StatefulSet selects; other owners, and selectors that cannot be parsed, add nothing."""
    if (owner.api_version, owner.kind) not in (("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet")):
        return Selector()
    controller = cluster.catalog.get(owner.kind, owner.name, namespace)
    selector: LabelSelector | None = None if controller is None else controller.spec.selector
    try:
        return compile_label_selector(selector)
    except SelectorError:
        return Selector()


def _services_by_label(cluster: Cluster) -> dict[str, dict[_LabelPair, list[dict[str, str]]]]:
    """Service selectors by namespace and by one of the labels that they demand: a pod looks only under the labels that it has.

    A null selector selects no pod, and an empty one adds no requirement.
    """
    found: dict[str, dict[_LabelPair, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for service in cluster.catalog.list("Service"):
        selector = service.spec.selector
        if selector:
            found[service.metadata.namespace][next(iter(selector.items()))].append(selector)
    return found


_SERVICES = PerCluster(_services_by_label, version=lambda cluster: cluster.catalog.version("Service"))
