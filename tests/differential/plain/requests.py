"""What a pod asks for, on exact fractions."""

import math
from fractions import Fraction

from plain.objects import is_sidecar, quantities, spec_of, status_of
from plain.selectors import is_label_key

DEFAULTS = {"cpu": Fraction(1, 10), "memory": Fraction(200 * 2**20)}
USUAL = ("cpu", "memory", "ephemeral-storage")


def is_extended(name):
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.") and is_label_key(f"requests.{name}")


def is_scalar(name):
    return is_extended(name) or "kubernetes.io/" in name or name.startswith(("hugepages-", "attachable-volumes-"))


def is_counted(name):
    return name in USUAL or is_scalar(name)


def of_pod_level(name):
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def total(pod, *, pod_level=True, defaults=(), use_status=False):
    spec, status = spec_of(pod), status_of(pod)
    statuses = {s["name"]: s for s in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]}
    resize = next((c for c in status.get("conditions") or () if c["type"] == "PodResizePending"), None)
    infeasible = resize is not None and resize.get("reason") == "Infeasible"

    def asks(container, resizable):
        wants = quantities((container.get("resources") or {}).get("requests"))
        found = statuses.get(container.get("name")) if use_status and resizable else None
        if found is not None and found.get("resources") is not None:
            lists = [quantities(found["resources"].get("requests")), quantities(found.get("allocatedResources"))]
            lists += [] if infeasible else [wants]
            wants = {name: max(one[name] for one in lists if name in one) for name in set().union(*lists)}
        return {name: DEFAULTS[name] for name in defaults if name not in wants} | wants

    main = [asks(c, True) for c in spec.get("containers") or ()]
    init = [(asks(c, is_sidecar(c)), is_sidecar(c)) for c in spec.get("initContainers") or ()]
    result = {}
    for name in {name for wants in [*main, *(wants for wants, _ in init)] for name in wants}:
        most = sum(wants.get(name, 0) for wants in main) + sum(wants.get(name, 0) for wants, side in init if side)
        beside = Fraction(0)
        for wants, side in init:
            most = max(most, beside + wants.get(name, 0))
            beside += wants.get(name, 0) if side else 0
        result[name] = most
    level = quantities((spec.get("resources") or {}).get("requests"))
    if pod_level and any(map(of_pod_level, level)):
        result |= {name: amount for name, amount in level.items() if of_pod_level(name)}
    for name, amount in quantities(spec.get("overhead")).items():
        result[name] = result.get(name, 0) + amount
    return result


def whole(amounts):
    return {name: math.ceil(amount * 1000 if name == "cpu" else amount) for name, amount in amounts.items() if is_counted(name)}


def fit(pod):
    return whole(total(pod))


def fit_score(pod):
    return whole(total(pod, pod_level=False, defaults=("cpu", "memory")))


def placed(pod):
    return whole(total(pod, use_status=True))


def nonzero(pod):
    level = (spec_of(pod).get("resources") or {}).get("requests") or {}
    names = ("cpu", "memory")
    if any(map(of_pod_level, level)):
        present = total(pod, use_status=True)
        names = tuple(name for name in names if name not in present)
    return whole(total(pod, use_status=True, defaults=names))
