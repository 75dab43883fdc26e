"""Cases of the kubelet: phase, restarts, readiness, class of service, node pressure, and the grace of a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binpack.conformance.cases.builders import NOW_US, container_status, sized_pod
from binpack.control.apiserver.deletion import pod_grace_seconds
from binpack.control.apiserver.qos import qos_class
from binpack.control.node.node_pressure import (
    Amount,
    Observation,
    PodUsage,
    Threshold,
    by_urgency,
    eviction_order,
    held_conditions,
    is_met,
    met_thresholds,
)
from binpack.control.node.phase import phase_of
from binpack.control.node.pod_conditions import containers_ready, pod_ready
from binpack.control.node.restart import should_restart
from binpack.model.pod import Container, ContainerStatus, Pod, PodSpec, PodStatus
from binpack.model.quantity import Quantity
from binpack.units import US_PER_S


def _pod_phase(given: Mapping[str, Any]) -> dict[str, Any]:
    spec = PodSpec(
        containers=tuple(Container(name=name) for name in given.get("containers") or ()),
        init_containers=tuple(
            Container(name=one["name"], restart_policy=one.get("restartPolicy")) for one in given.get("initContainers") or ()
        ),
        restart_policy=given.get("restartPolicy") or "",
    )
    statuses = [container_status(one) for key in ("containerStatuses", "initContainerStatuses") for one in given.get(key) or ()]
    has_initialized, is_finishing = bool(given.get("podHasInitialized")), bool(given.get("podIsTerminal"))
    return {"phase": phase_of(spec, statuses, has_initialized=has_initialized, is_finishing=is_finishing)}


def _should_restart(given: Mapping[str, Any]) -> dict[str, Any]:
    newest = (given.get("runsNewestFirst") or [{"state": "none"}])[0]
    if newest["state"] == "running":
        return {"restart": False}
    exit_code = (newest.get("exitCode") or 0) if newest["state"] == "exited" else None
    return {"restart": should_restart(given.get("restartPolicy") or "", exit_code, is_terminating=bool(given.get("terminating")))}


def _ready_condition(given: Mapping[str, Any]) -> dict[str, Any]:
    spec = PodSpec(containers=tuple(Container(name=name) for name in given.get("containers") or ()))
    given_statuses = given.get("statuses")
    statuses = None if given_statuses is None else [ContainerStatus(name=name, ready=bool(ready)) for name, ready in given_statuses.items()]
    ready = containers_ready(spec, statuses, given.get("phase") or "")
    answer = pod_ready(ready, given.get("readinessGates") or (), given.get("conditions"))
    return {"status": answer.status, "reason": answer.reason, "message": answer.message}


def _qos_class(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"qosClass": qos_class(sized_pod(given).spec)}


def _units(value: Any) -> int:
    return Quantity.parse(value).ceil_units()


def _amount(given: Mapping[str, Any], quantity: str, percentage: str) -> Amount | None:
    if given.get(quantity) is not None:
        return Amount(_units(given[quantity]))
    return None if given.get(percentage) is None else Amount(share=given[percentage])


def _threshold(given: Mapping[str, Any]) -> Threshold:
    value = _amount(given, "quantity", "percentage") or Amount()
    return Threshold(given["signal"], value, _amount(given, "minReclaim", "minReclaimPercentage"))


def _threshold_met(given: Mapping[str, Any]) -> dict[str, Any]:
    observed = Observation(_units(given.get("available") or 0), _units(given.get("capacity") or 0))
    return {"met": is_met(_threshold(given["threshold"]), observed, enforces_reclaim=bool(given.get("enforceMinReclaim")))}


def _thresholds_met(given: Mapping[str, Any]) -> dict[str, Any]:
    observations = {
        signal: Observation(_units(one.get("available") or 0), _units(one.get("capacity") or 0))
        for signal, one in (given.get("observations") or {}).items()
    }
    thresholds = [_threshold(one) for one in given.get("thresholds") or ()]
    met = met_thresholds(thresholds, observations, enforces_reclaim=bool(given.get("enforceMinReclaim")))
    return {"met": [one.signal for one in met]}


def _eviction_order(given: Mapping[str, Any]) -> dict[str, Any]:
    pods = [
        PodUsage(
            one["name"],
            one.get("priority") or 0,
            _units(one.get("request") or 0),
            None if one.get("usage") is None else _units(one["usage"]),
        )
        for one in given.get("pods") or ()
    ]
    return {"order": [pod.name for pod in eviction_order(pods, given.get("comparators") or ())]}


def _signal_order(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"order": by_urgency(given.get("signals") or ())}


def _pressure_hold(given: Mapping[str, Any]) -> dict[str, Any]:
    observed = {kind: NOW_US - int(seconds * US_PER_S) for kind, seconds in (given.get("observedSecondsAgo") or {}).items()}
    return {"conditions": held_conditions(observed, int((given.get("periodSeconds") or 0) * US_PER_S), NOW_US)}


def _deletion_grace(given: Mapping[str, Any]) -> dict[str, Any]:
    spec = PodSpec(node_name="node" if given.get("bound") else "", termination_grace_period_seconds=given.get("specSeconds"))
    pod = Pod(spec=spec, status=PodStatus(phase=given.get("phase") or ""))
    return {"graceSeconds": pod_grace_seconds(pod, given.get("optionSeconds"))}


RULES = {
    "pod_phase": _pod_phase,
    "should_restart": _should_restart,
    "ready_condition": _ready_condition,
    "qos_class": _qos_class,
    "threshold_met": _threshold_met,
    "thresholds_met": _thresholds_met,
    "eviction_order": _eviction_order,
    "signal_order": _signal_order,
    "pressure_hold": _pressure_hold,
    "deletion_grace": _deletion_grace,
}
