"""Inputs at the edges of what kubelet and API server make of a pod, beside those of upstream's own tables.

What is expected follows from the sources, v1.35: pkg/apis/core/v1/helper/qos, pkg/kubelet (kubelet_pods.go, status/generate.go,
container/helpers.go, eviction/helpers.go), pkg/registry/core/pod/strategy.go (CheckGracefulDelete), plugin/pkg/admission/limitranger,
plugin/pkg/admission/priority, and pkg/quota/v1/evaluator/core/pods.go.
"""

from __future__ import annotations

import pytest

from binpack.conformance.cases import admission, kubelet

RULES = {"kubelet": kubelet.RULES, "admission": admission.RULES}
CASES = {
    "kubelet": [
        ("qos_class", {"containers": [{"requests": {}, "limits": {}}]}, {"qosClass": "BestEffort"}),
        ("qos_class", {"containers": [{"requests": {}, "limits": {}}, {"requests": {}, "limits": {}}]}, {"qosClass": "BestEffort"}),
        ("qos_class", {"containers": [{"requests": {}, "limits": {"example.com/dongle": "1"}}]}, {"qosClass": "BestEffort"}),
        ("qos_class", {"containers": [{"requests": {}, "limits": {"cpu": "100m", "memory": "1Gi"}}]}, {"qosClass": "Burstable"}),
        (
            "qos_class",
            {
                "containers": [{"requests": {"cpu": "100m", "memory": "100Mi"}, "limits": {"cpu": "100m", "memory": "100Mi"}}],
                "initContainers": [{"requests": {}, "limits": {}}],
            },
            {"qosClass": "Burstable"},
        ),
        (
            "qos_class",
            {
                "containers": [{"requests": {"cpu": "100m", "memory": "100Mi"}, "limits": {"cpu": "100m", "memory": "100Mi"}}],
                "podResources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            },
            {"qosClass": "Guaranteed"},
        ),
        (
            "qos_class",
            {
                "containers": [{"requests": {}, "limits": {}}],
                "podResources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            },
            {"qosClass": "Guaranteed"},
        ),
        (
            "qos_class",
            {
                "containers": [{"requests": {"cpu": "100m", "memory": "100Mi"}, "limits": {"cpu": "100m", "memory": "100Mi"}}],
                "podResources": {"requests": {"cpu": "1"}, "limits": {}},
            },
            {"qosClass": "Burstable"},
        ),
        (
            "qos_class",
            {"containers": [{"requests": {"hugepages-2Mi": "1Gi"}, "limits": {"hugepages-2Mi": "1Gi"}}]},
            {"qosClass": "BestEffort"},
        ),
        (
            "threshold_met",
            {
                "threshold": {"signal": "memory.available", "quantity": "1Gi", "minReclaim": "500Mi"},
                "available": "1.2Gi",
                "enforceMinReclaim": False,
            },
            {"met": False},
        ),
        (
            "threshold_met",
            {
                "threshold": {"signal": "memory.available", "quantity": "1Gi", "minReclaim": "500Mi"},
                "available": "2Gi",
                "enforceMinReclaim": True,
            },
            {"met": False},
        ),
        (
            "threshold_met",
            {"threshold": {"signal": "memory.available", "quantity": "1Gi"}, "available": "1Gi", "enforceMinReclaim": False},
            {"met": False},
        ),
        ("pressure_hold", {"observedSecondsAgo": {}, "periodSeconds": 30}, {"conditions": []}),
        (
            "pressure_hold",
            {"observedSecondsAgo": {"MemoryPressure": 1, "DiskPressure": 31}, "periodSeconds": 30},
            {"conditions": ["MemoryPressure"]},
        ),
        ("deletion_grace", {"bound": True, "phase": "Succeeded", "optionSeconds": 30, "specSeconds": None}, {"graceSeconds": 0}),
        ("deletion_grace", {"bound": True, "phase": "", "optionSeconds": 30, "specSeconds": None}, {"graceSeconds": 30}),
        ("deletion_grace", {"bound": True, "phase": "Running", "optionSeconds": None, "specSeconds": 60}, {"graceSeconds": 60}),
        ("deletion_grace", {"bound": True, "phase": "Running", "optionSeconds": -1, "specSeconds": 60}, {"graceSeconds": 1}),
        ("deletion_grace", {"bound": True, "phase": "Running", "optionSeconds": 0, "specSeconds": 60}, {"graceSeconds": 0}),
        ("deletion_grace", {"bound": True, "phase": "Running", "optionSeconds": None, "specSeconds": None}, {"graceSeconds": 30}),
        ("deletion_grace", {"bound": False, "phase": "Pending", "optionSeconds": -1, "specSeconds": None}, {"graceSeconds": 0}),
        ("should_restart", {"runsNewestFirst": [], "restartPolicy": "Never", "terminating": False}, {"restart": True}),
        (
            "should_restart",
            {"runsNewestFirst": [{"state": "running"}], "restartPolicy": "Always", "terminating": False},
            {"restart": False},
        ),
        (
            "should_restart",
            {"runsNewestFirst": [{"state": "exited", "exitCode": 0}], "restartPolicy": "Never", "terminating": False},
            {"restart": False},
        ),
        ("should_restart", {"runsNewestFirst": [{"state": "unknown"}], "restartPolicy": "Always", "terminating": True}, {"restart": False}),
        (
            "should_restart",
            {"runsNewestFirst": [{"state": "exited", "exitCode": 1}], "restartPolicy": "Never", "terminating": False},
            {"restart": False},
        ),
        (
            "ready_condition",
            {"containers": ["1234", "5678"], "statuses": {"1234": True, "5678": False}, "phase": "Running"},
            {"status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [5678]"},
        ),
        (
            "ready_condition",
            {"containers": ["1", "2", "3"], "statuses": {"1": False}, "phase": "Running"},
            {
                "status": "False",
                "reason": "ContainersNotReady",
                "message": "containers with unknown status: [2 3], containers with unready status: [1]",
            },
        ),
        (
            "ready_condition",
            {"containers": ["1234"], "statuses": {"1234": False}, "phase": "Failed"},
            {"status": "False", "reason": "PodFailed"},
        ),
        (
            "ready_condition",
            {
                "containers": [],
                "statuses": {},
                "phase": "Running",
                "readinessGates": ["g1", "g2"],
                "conditions": {"g1": "False", "g2": "Unknown"},
            },
            {
                "status": "False",
                "reason": "ReadinessGatesNotReady",
                "message": 'the status of pod readiness gate "g1" is not "True", but False, '
                'the status of pod readiness gate "g2" is not "True", but Unknown',
            },
        ),
        (
            "ready_condition",
            {"containers": ["1234"], "statuses": {"1234": False}, "phase": "Running", "readinessGates": ["g1"], "conditions": {}},
            {"status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [1234]"},
        ),
        (
            "eviction_order",
            {
                "comparators": ["priority", "usage"],
                "pods": [
                    {"name": "a", "priority": 0, "request": None, "usage": 5},
                    {"name": "b", "priority": 0, "request": None, "usage": 20},
                ],
            },
            {"order": ["b", "a"]},
        ),
        (
            "pod_phase",
            {
                "restartPolicy": "Never",
                "containers": ["A", "B"],
                "containerStatuses": [
                    {"name": "A", "state": "terminated", "exitCode": 0},
                    {"name": "B", "state": "terminated", "exitCode": 1},
                ],
            },
            {"phase": "Failed"},
        ),
        (
            "pod_phase",
            {
                "restartPolicy": "Never",
                "containers": ["A", "B"],
                "containerStatuses": [
                    {"name": "A", "state": "terminated", "exitCode": 0},
                    {"name": "B", "state": "terminated", "exitCode": 0},
                ],
            },
            {"phase": "Succeeded"},
        ),
        (
            "pod_phase",
            {"restartPolicy": "OnFailure", "containers": ["A"], "containerStatuses": [{"name": "A", "state": "terminated", "exitCode": 1}]},
            {"phase": "Running"},
        ),
        (
            "pod_phase",
            {"restartPolicy": "Always", "containers": ["A", "B"], "containerStatuses": [{"name": "A", "state": "running"}]},
            {"phase": "Pending"},
        ),
        (
            "pod_phase",
            {"restartPolicy": "Always", "containers": ["A"], "containerStatuses": [{"name": "A", "state": "waiting"}]},
            {"phase": "Pending"},
        ),
    ],
    "admission": [
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {"cpu": "40m"}, "limits": {"cpu": "200m"}}]},
                "limit": {"type": "Container", "min": {"cpu": "50m"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {"cpu": "40m"}, "limits": {}}]},
                "limit": {"type": "Container", "max": {"cpu": "50m"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {}, "limits": {"cpu": "40m"}}]},
                "limit": {"type": "Container", "min": {"cpu": "30m"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {"cpu": "1500m"}, "limits": {"cpu": "2"}}]},
                "limit": {"type": "Container", "maxLimitRequestRatio": {"cpu": "1"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {"cpu": "1"}, "limits": {"cpu": "2"}}]},
                "limit": {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            },
            {"admitted": True},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {
                    "containers": [
                        {"name": "a", "requests": {"cpu": "60m"}, "limits": {"cpu": "200m"}},
                        {"name": "b", "requests": {"cpu": "60m"}, "limits": {"cpu": "200m"}},
                    ]
                },
                "limit": {"type": "Pod", "max": {"cpu": "300m"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {
                    "containers": [{"name": "c", "requests": {"cpu": "60m"}, "limits": {"cpu": "100m"}}],
                    "initContainers": [{"name": "i", "requests": {"cpu": "60m"}, "limits": {"cpu": "350m"}}],
                },
                "limit": {"type": "Pod", "max": {"cpu": "300m"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {"cpu": "0"}, "limits": {"cpu": "2"}}]},
                "limit": {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            },
            {"admitted": False},
        ),
        (
            "limit_range",
            {
                "object": "Pod",
                "pod": {"containers": [{"name": "c", "requests": {}, "limits": {}}]},
                "limit": {"type": "Pod", "min": {"cpu": "1"}},
            },
            {"admitted": False},
        ),
        ("quota_scopes", {"pod": {}, "selectors": ["NotTerminating"]}, {"matching": ["NotTerminating"]}),
        (
            "quota_scopes",
            {"pod": {"activeDeadlineSeconds": 0}, "selectors": ["Terminating", "NotTerminating"]},
            {"matching": ["Terminating"]},
        ),
        (
            "priority_admission",
            {
                "classes": [
                    {"name": "default1", "value": 1000, "globalDefault": True},
                    {"name": "default2", "value": 500, "globalDefault": True},
                ],
                "pod": {},
            },
            {"error": False, "priority": 500},
        ),
        (
            "priority_admission",
            {"classes": [{"name": "x", "value": 1000}], "pod": {"priorityClassName": "x", "priority": 5}},
            {"error": True},
        ),
        ("priority_admission", {"classes": [], "pod": {"priority": 10}}, {"error": True}),
        (
            "quota_constraints",
            {"pod": {"containers": [{"name": "foo", "requests": {"cpu": "1m"}, "limits": {}}]}, "required": ["limits.cpu"]},
            {"error": "must specify limits.cpu for: foo"},
        ),
        (
            "quota_constraints",
            {"pod": {"containers": [{"name": "foo", "requests": {"cpu": "1m"}, "limits": {}}]}, "required": ["pods"]},
            {"error": ""},
        ),
    ],
}


@pytest.mark.parametrize(("family", "rule", "given", "expected"), [(family, *case) for family, cases in CASES.items() for case in cases])
def test_at_the_edges(family, rule, given, expected):
    found = RULES[family][rule](given)
    assert {key: list(found[key]) if isinstance(found[key], tuple) else found[key] for key in expected} == expected
