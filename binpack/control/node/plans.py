"""The plans of pods, kept: pods of one template share their spec, and hence their plan."""

from __future__ import annotations

from binpack.control.node.pod_plan import PodPlan, pod_plan
from binpack.control.node.workload_model import workload_annotations, workload_model
from binpack.model.pod import Pod, PodSpec

_MAX_KNOWN = 4096


class Plans:
    """Plans by the identity of the spec and the annotations that matter. What is kept only saves time."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[PodSpec, tuple[str | None, ...], PodPlan]] = {}

    def __reduce__(self) -> tuple[type[Plans], tuple[()]]:
        return Plans, ()

    def of(self, pod: Pod) -> PodPlan:
        """Return a pod's plan.

        Raises
        ------
        ManifestError
            If an annotation of its workload model cannot be understood.
        """
        # Pods of one template differ in their spec only by the node; their containers are the same object.
        key = id(pod.spec.containers)
        given = workload_annotations(pod.metadata.annotations)
        known = self._known.get(key)
        if known is not None and known[1] == given and _same(known[0], pod.spec):
            return known[2]
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        plan = pod_plan(pod, workload_model(pod))
        self._known[key] = (pod.spec, given, plan)
        return plan


def _same(one: PodSpec, other: PodSpec) -> bool:
    return (
        one.containers is other.containers
        and one.init_containers is other.init_containers
        and one.overhead is other.overhead
        and one.resources is other.resources
    )
