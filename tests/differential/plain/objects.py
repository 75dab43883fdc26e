"""Kubernetes objects as plain JSON, read with the defaults that an API server would have filled in."""

import copy
import math
import re
from fractions import Fraction

DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def quantity(text):
    """An exact amount, rounded up to thousandths, as API servers store them."""
    number, suffix = re.fullmatch(r"([0-9.]+)(.*)", str(text)).groups()
    if suffix in BINARY:
        amount = Fraction(number) * 1024 ** BINARY[suffix]
    elif suffix in DECIMAL:
        amount = Fraction(number) * Fraction(10) ** DECIMAL[suffix]
    else:
        amount = Fraction(number) * Fraction(10) ** int(suffix[1:])
    return min(Fraction(math.ceil(amount * 1000), 1000), Fraction(2**63 - 1))


def quantities(of):
    return {name: quantity(text) for name, text in (of or {}).items()}


def name_of(o):
    return o["metadata"]["name"]


def namespace_of(o):
    return o["metadata"].get("namespace") or "default"


def key_of(pod):
    return f"{namespace_of(pod)}/{name_of(pod)}"


def labels_of(o):
    return o["metadata"].get("labels") or {}


def annotations_of(o):
    return o["metadata"].get("annotations") or {}


def spec_of(o):
    return o.get("spec") or {}


def status_of(o):
    return o.get("status") or {}


def priority_of(pod):
    return spec_of(pod).get("priority") or 0


def is_terminating(pod):
    return "deletionTimestamp" in pod["metadata"]


def is_sidecar(container):
    return container.get("restartPolicy") == "Always"


def controller_of(o):
    return next((r for r in o["metadata"].get("ownerReferences") or () if r.get("controller")), None)


def volumes_of(pod):
    return spec_of(pod).get("volumes") or ()


def claim_names(pod):
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes_of(pod) if v.get("persistentVolumeClaim")]


def affinity_of(pod, kind):
    return (spec_of(pod).get("affinity") or {}).get(kind) or {}


def terms_of(pod, kind, which):
    return affinity_of(pod, kind).get(f"{which}DuringSchedulingIgnoredDuringExecution") or ()


def host_ports(pod):
    containers = [*(spec_of(pod).get("containers") or ()), *filter(is_sidecar, spec_of(pod).get("initContainers") or ())]
    return [
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])
        for container in containers
        for port in container.get("ports") or ()
        if port.get("hostPort", 0) > 0
    ]


def defaulted(pod):
    """A copy of a pod with requests from limits and label keys merged into its terms."""
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        resources = container.get("resources") or {}
        container["resources"] = resources | {"requests": (resources.get("limits") or {}) | (resources.get("requests") or {})}
        for port in container.get("ports") or ():
            if spec.get("hostNetwork") and not port.get("hostPort"):
                port["hostPort"] = port["containerPort"]
    for kind in ("podAffinity", "podAntiAffinity"):
        for term in terms_of(pod, kind, "required"):
            _merge_label_keys(term, labels_of(pod))
        for weighted in terms_of(pod, kind, "preferred"):
            _merge_label_keys(weighted["podAffinityTerm"], labels_of(pod))
    return pod


def _merge_label_keys(term, labels):
    selector = term.get("labelSelector")
    if selector is None:
        return
    expressions = list(selector.get("matchExpressions") or ())
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(field) or ():
            if key in labels:
                expressions.append({"key": key, "operator": operator, "values": [labels[key]]})
    selector["matchExpressions"] = expressions
