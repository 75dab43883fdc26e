"""Checks of pods and pod templates.

Source: pkg/apis/core/validation/validation.go, v1.35. What no part of this toolkit reads (probes' handlers, security contexts,
environment, images' names, volume mounts) is not checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.model.field_errors import duplicate, forbidden, invalid, required, unsupported
from binpack.model.pod import Container, ContainerPort, Pod, PodSpec, PodTemplateSpec
from binpack.model.validation.affinity import affinity, spread_constraints, tolerations
from binpack.model.validation.fields import Problems, complaints, labels, not_negative, object_meta, one_of, repeated
from binpack.model.validation.names import dns_label, dns_subdomain, qualified_name
from binpack.model.validation.resources import container_resources, quantities
from binpack.model.volumes import Volume

_MAX_PORT = 65535
_MAX_DEADLINE_SECONDS = (1 << 31) - 1


def pod(value: Pod) -> Problems:
    """Check a pod."""
    yield from object_meta(value.metadata, value.kind)
    yield from pod_spec(value.spec, "spec")
    if value.spec.node_name and value.spec.scheduling_gates:
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def pod_template(template: PodTemplateSpec, path: str) -> Problems:
    """Check a pod template."""
    yield from labels(template.metadata.labels, f"{path}.labels")
    yield from pod_spec(template.spec, f"{path}.spec")


def pod_spec(spec: PodSpec, path: str) -> Problems:
    """Check what pods and templates have in common."""
    yield from _volumes(spec.volumes, f"{path}.volumes")
    if not spec.containers:
        yield required(f"{path}.containers")
    yield from _containers(spec, path)
    if spec.resources is not None:
        for field, values in (("limits", spec.resources.limits), ("requests", spec.resources.requests)):
            yield from quantities(values, f"{path}.resources.{field}")
    yield from quantities(spec.overhead, f"{path}.overhead")
    yield from one_of(spec.restart_policy, f"{path}.restartPolicy", ("Always", "OnFailure", "Never"))
    yield from labels(spec.node_selector, f"{path}.nodeSelector")
    yield from affinity(spec.affinity, f"{path}.affinity")
    yield from tolerations(spec.tolerations, f"{path}.tolerations")
    yield from spread_constraints(spec.topology_spread_constraints, f"{path}.topologySpreadConstraints")
    yield from _scheduling(spec, path)
    yield from not_negative(spec.termination_grace_period_seconds, f"{path}.terminationGracePeriodSeconds")
    deadline = spec.active_deadline_seconds
    if deadline is not None and not 1 <= deadline <= _MAX_DEADLINE_SECONDS:
        yield invalid(f"{path}.activeDeadlineSeconds", deadline, f"must be between 1 and {_MAX_DEADLINE_SECONDS}, inclusive")


def _scheduling(spec: PodSpec, path: str) -> Problems:
    if spec.node_name:
        yield from complaints(f"{path}.nodeName", spec.node_name, dns_subdomain)
    if spec.priority_class_name:
        yield from complaints(f"{path}.priorityClassName", spec.priority_class_name, dns_subdomain)
    if spec.runtime_class_name is not None:
        yield from complaints(f"{path}.runtimeClassName", spec.runtime_class_name, dns_subdomain)
    yield from one_of(spec.preemption_policy, f"{path}.preemptionPolicy", ("Never", "PreemptLowerPriority"))
    for index, gate in enumerate(spec.scheduling_gates):
        yield from complaints(f"{path}.schedulingGates[{index}]", gate.name, qualified_name)
    for index, name in repeated(gate.name for gate in spec.scheduling_gates):
        yield duplicate(f"{path}.schedulingGates[{index}]", name)


def _containers(spec: PodSpec, path: str) -> Problems:
    places = [(f"{path}.containers[{index}]", container) for index, container in enumerate(spec.containers)]
    places += [(f"{path}.initContainers[{index}]", container) for index, container in enumerate(spec.init_containers)]
    for where, container in places:
        yield from _container(container, where, host_network=spec.host_network)
    for index, name in repeated(container.name for _, container in places):
        if name:
            yield duplicate(f"{places[index][0]}.name", name)
    for where, container in places[len(spec.containers) :]:
        if container.restart_policy not in (None, "Always", "OnFailure", "Never"):
            yield unsupported(f"{where}.restartPolicy", container.restart_policy, ("Always", "OnFailure", "Never"))


def _container(container: Container, path: str, *, host_network: bool) -> Problems:
    if container.name:
        yield from complaints(f"{path}.name", container.name, dns_label)
    else:
        yield required(f"{path}.name")
    for index, port in enumerate(container.ports):
        yield from _port(port, f"{path}.ports[{index}]", host_network=host_network)
    yield from container_resources(container.resources, f"{path}.resources")


def _port(port: ContainerPort, path: str, *, host_network: bool) -> Problems:
    if port.container_port == 0:
        yield required(f"{path}.containerPort")
    elif not 1 <= port.container_port <= _MAX_PORT:
        yield invalid(f"{path}.containerPort", port.container_port, f"must be between 1 and {_MAX_PORT}, inclusive")
    if port.host_port and not 1 <= port.host_port <= _MAX_PORT:
        yield invalid(f"{path}.hostPort", port.host_port, f"must be between 1 and {_MAX_PORT}, inclusive")
    elif host_network and port.host_port and port.host_port != port.container_port:
        yield invalid(f"{path}.hostPort", port.host_port, "must match `containerPort` when `hostNetwork` is true")
    yield from one_of(port.protocol or None, f"{path}.protocol", ("SCTP", "TCP", "UDP"))


def _volumes(volumes: Sequence[Volume], path: str) -> Problems:
    for index, volume in enumerate(volumes):
        where = f"{path}[{index}]"
        if volume.name:
            yield from complaints(f"{where}.name", volume.name, dns_label)
        else:
            yield required(f"{where}.name")
        if volume.persistent_volume_claim is not None and not volume.persistent_volume_claim.claim_name:
            yield required(f"{where}.persistentVolumeClaim.claimName")
        if volume.ephemeral is not None and volume.ephemeral.volume_claim_template is None:
            yield required(f"{where}.ephemeral.volumeClaimTemplate")
    for index, name in repeated(volume.name for volume in volumes):
        if name:
            yield duplicate(f"{path}[{index}].name", name)
