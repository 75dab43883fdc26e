"""Inputs at the edges of the controllers' rules, beside those of upstream's own tables.

What is expected follows from the sources, v1.35: pkg/controller/deployment (deployment_util.go, sync.go, rolling.go), statefulset
(stateful_set_utils.go), daemon (daemon_controller.go, update.go), job (indexed_job_utils.go, success_policy.go, pod_failure_policy.go),
ttlafterfinished, cronjob (utils.go), nodelifecycle (node_lifecycle_controller.go, scheduler), tainteviction, disruption (disruption.go),
controller_utils.go, and pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

import pytest

from binpack.conformance.cases import cronjob, deployment, disruption, job, node_lifecycle, replicaset, sets

RULES = {
    "deployment": deployment.RULES,
    "statefulset": sets.STATEFUL_SET_RULES,
    "daemonset": sets.DAEMON_SET_RULES,
    "cronjob": cronjob.RULES,
    "eviction": disruption.EVICTION_RULES,
    "job": job.RULES,
    "nodelifecycle": node_lifecycle.RULES,
    "replicaset": replicaset.RULES,
    "disruption": disruption.RULES,
}
CASES = {
    "deployment": [
        ("max_unavailable", {"strategy": "Recreate", "replicas": 1, "maxSurge": 1, "maxUnavailable": 1}, {"maxUnavailable": 0}),
        ("max_unavailable", {"strategy": "Recreate", "replicas": 0, "maxSurge": 1, "maxUnavailable": 0}, {"maxUnavailable": 0}),
        ("fenceposts", {"maxSurge": "5", "maxUnavailable": "1", "replicas": 1}, {"error": True}),
        ("fenceposts", {"maxSurge": 5, "maxUnavailable": 1, "replicas": 1}, {"error": False, "surge": 5, "unavailable": 1}),
        ("fenceposts", {"maxSurge": "50%", "maxUnavailable": "50%", "replicas": 1}, {"surge": 1, "unavailable": 0}),
        (
            "reconcile_new",
            {"replicas": 10, "maxSurge": 0, "maxUnavailable": 0, "newSpecReplicas": 11, "oldSpecReplicas": [0]},
            {"scaled": True, "newSpecReplicas": 10},
        ),
        (
            "reconcile_new",
            {"replicas": 10, "maxSurge": 2, "maxUnavailable": 0, "newSpecReplicas": 0, "oldSpecReplicas": [12]},
            {"scaled": False, "newSpecReplicas": 0},
        ),
        (
            "reconcile_new",
            {"replicas": 10, "maxSurge": 2, "maxUnavailable": 0, "newSpecReplicas": 2, "oldSpecReplicas": [8]},
            {"scaled": True, "newSpecReplicas": 4},
        ),
        (
            "reconcile_new",
            {"replicas": 10, "maxSurge": 5, "maxUnavailable": 0, "newSpecReplicas": 5, "oldSpecReplicas": [10]},
            {"scaled": False, "newSpecReplicas": 5},
        ),
        (
            "new_rs_replicas",
            {"strategy": "Recreate", "replicas": 4, "maxSurge": 1, "maxUnavailable": 1, "newSpecReplicas": 0, "totalSpecReplicas": 5},
            {"newSpecReplicas": 4},
        ),
        (
            "new_rs_replicas",
            {"strategy": "RollingUpdate", "replicas": 4, "maxSurge": 1, "maxUnavailable": 1, "newSpecReplicas": 0, "totalSpecReplicas": 4},
            {"newSpecReplicas": 1},
        ),
        (
            "cleanup_history",
            {
                "old": [{"name": "a", "specReplicas": 0, "revision": 1}, {"name": "b", "specReplicas": 0, "revision": 2}],
                "revisionHistoryLimit": 0,
            },
            {"deletions": 2},
        ),
        (
            "cleanup_history",
            {
                "old": [
                    {"name": "a", "specReplicas": 0, "statusReplicas": 1, "revision": 1},
                    {"name": "b", "specReplicas": 0, "revision": 2},
                ],
                "revisionHistoryLimit": 0,
            },
            {"deletions": 1, "deleted": ["b"]},
        ),
        (
            "cleanup_history",
            {
                "old": [
                    {"name": "a", "specReplicas": 0, "terminating": True, "revision": 1},
                    {"name": "b", "specReplicas": 0, "revision": 2},
                ],
                "revisionHistoryLimit": 1,
            },
            {"deletions": 0},
        ),
        ("cleanup_history", {"old": [{"name": "a", "revision": 1}], "revisionHistoryLimit": None}, {"deletions": 0}),
        (
            "cleanup_history",
            {"old": [{"name": "a", "specReplicas": 0, "generation": 2, "observedGeneration": 1, "revision": 1}], "revisionHistoryLimit": 0},
            {"deletions": 0},
        ),
        (
            "complete",
            {"replicas": 5, "maxSurge": 1, "maxUnavailable": 0, "status": {"replicas": 5, "updatedReplicas": 5, "availableReplicas": 5}},
            {"complete": True},
        ),
        ("complete", {"replicas": 5, "status": {"replicas": 6, "updatedReplicas": 5, "availableReplicas": 5}}, {"complete": False}),
        (
            "progressing",
            {
                "stored": {"updatedReplicas": 10, "replicas": 12, "readyReplicas": 8, "availableReplicas": 8},
                "new": {"updatedReplicas": 10, "replicas": 12, "readyReplicas": 9, "availableReplicas": 8},
            },
            {"progressing": True},
        ),
        (
            "progressing",
            {
                "stored": {"updatedReplicas": 6, "replicas": 7, "readyReplicas": 5, "availableReplicas": 5},
                "new": {"updatedReplicas": 6, "replicas": 7, "readyReplicas": 5, "availableReplicas": 4},
            },
            {"progressing": False},
        ),
        (
            "timed_out",
            {"progressDeadlineSeconds": None, "reason": "ReplicaSetUpdated", "secondsSinceLastUpdate": 10000},
            {"timedOut": False},
        ),
        ("timed_out", {"progressDeadlineSeconds": 10, "reason": "ReplicaSetUpdated", "secondsSinceLastUpdate": 20}, {"timedOut": True}),
        (
            "timed_out",
            {"progressDeadlineSeconds": 10, "reason": "NewReplicaSetAvailable", "secondsSinceLastUpdate": 20},
            {"timedOut": False},
        ),
        (
            "timed_out",
            {"progressDeadlineSeconds": 2147483647, "reason": "ReplicaSetUpdated", "secondsSinceLastUpdate": 20},
            {"timedOut": False},
        ),
    ],
    "statefulset": [
        ("parent_and_ordinal", {"podName": "foo-01"}, {"parent": "foo", "ordinal": 1}),
        ("parent_and_ordinal", {"podName": "foo-4294967296"}, {"parent": "foo", "ordinal": -1}),
        ("parent_and_ordinal", {"podName": ""}, {"parent": "", "ordinal": -1}),
        ("parent_and_ordinal", {"podName": "my-foo-12"}, {"parent": "my-foo", "ordinal": 12}),
        ("max_unavailable", {"maxUnavailable": "50%", "replicas": 25}, {"maxUnavailable": 12}),
        (
            "statefulset_rollout",
            {"replicas": 3, "strategy": "OnDelete", "then": {"template": "new", "replicas": 5}},
            {"templates": ["old", "old", "old", "new", "new"]},
        ),
        ("statefulset_rollout", {"replicas": 3, "partition": 5, "then": {"template": "new"}}, {"templates": ["old", "old", "old"]}),
    ],
    "daemonset": [
        ("daemon_update_counts", {"maxSurge": 5, "maxUnavailable": 0, "desiredNumberScheduled": 0}, {"maxSurge": 5, "maxUnavailable": 0}),
        (
            "daemon_update_counts",
            {"maxSurge": 0, "maxUnavailable": None, "desiredNumberScheduled": 3},
            {"maxSurge": 0, "maxUnavailable": 1},
        ),
        (
            "daemon_update_counts",
            {"maxSurge": "50%", "maxUnavailable": "50%", "desiredNumberScheduled": 3},
            {"maxSurge": 2, "maxUnavailable": 2},
        ),
        (
            "daemon_should_run",
            {"node": {"name": "n"}, "template": {"nodeName": "other"}},
            {"shouldRun": False, "shouldContinueRunning": False},
        ),
        (
            "daemon_should_run",
            {"node": {"name": "n", "unschedulable": True}, "template": {}},
            {"shouldRun": True, "shouldContinueRunning": True},
        ),
        (
            "daemon_should_run",
            {"node": {"name": "n", "labels": {"type": "production"}}, "template": {"nodeSelector": {"type": "test"}}},
            {"shouldRun": False, "shouldContinueRunning": False},
        ),
        (
            "daemon_should_run",
            {
                "node": {"name": "n"},
                "template": {"nodeAffinityRequired": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]},
            },
            {"shouldRun": True, "shouldContinueRunning": True},
        ),
        ("daemon_should_run", {"node": {"name": "n"}, "template": {"nodeAffinityRequired": []}}, {"shouldRun": False}),
        (
            "daemon_should_run",
            {"node": {"name": "n", "taints": [{"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"}]}, "template": {}},
            {"shouldRun": False, "shouldContinueRunning": True},
        ),
        (
            "daemon_should_run",
            {
                "node": {"name": "n", "taints": [{"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"}]},
                "template": {"hostNetwork": True},
            },
            {"shouldRun": True, "shouldContinueRunning": True},
        ),
        (
            "daemon_should_run",
            {"node": {"name": "n", "taints": [{"key": "x", "effect": "PreferNoSchedule"}]}, "template": {}},
            {"shouldRun": True},
        ),
        (
            "daemon_should_run",
            {"node": {"name": "n", "taints": [{"key": "x", "effect": "NoExecute"}]}, "template": {}},
            {"shouldRun": False, "shouldContinueRunning": False},
        ),
    ],
    "cronjob": [
        ("most_recent", {"schedule": "@every 1h", "created": 0, "now": 30}, {"error": False, "mostRecent": None, "missed": "none"}),
        ("most_recent", {"schedule": "@every 1h", "created": 0, "now": 3660}, {"mostRecent": 3600}),
        ("most_recent", {"schedule": "@every 1h", "created": 0, "lastScheduleTime": 3600, "now": 10805}, {"mostRecent": 10800}),
        ("most_recent", {"schedule": "@hourly", "created": 10, "now": 18060}, {"mostRecent": 18000, "missed": "few"}),
        (
            "most_recent",
            {
                "schedule": "*/5 * * * *",
                "created": 0,
                "lastScheduleTime": 1800,
                "startingDeadlineSeconds": 600,
                "applyDeadline": True,
                "now": 1860,
            },
            {"earliest": 1800, "mostRecent": None, "missed": "none"},
        ),
        ("most_recent", {"schedule": "0 * * * *", "created": 0, "now": 363605}, {"mostRecent": 363600, "missed": "many"}),
        ("most_recent", {"schedule": "0 * * * *", "created": 0, "now": 360005}, {"mostRecent": 360000, "missed": "few"}),
        ("due", {"schedule": "59 23 31 2 *", "created": -600, "now": 3600}, {"error": True}),
        (
            "due",
            {"schedule": "0 * * * ?", "created": -7200, "lastScheduleTime": -3600, "startingDeadlineSeconds": 7200, "now": 867600},
            {"error": False, "dueIsNotNull": True, "warning": None},
        ),
        ("due", {"schedule": "0 * * * ?", "timeZone": "America/New_York", "created": -600, "now": 2}, {"due": 0}),
        ("requeue_after", {"schedule": "0 12 * * 5", "created": 0, "lastScheduleTime": None, "now": 93600}, {"seconds": 604800.1}),
        ("requeue_after", {"schedule": "0 12 * * 1-5", "created": 0, "lastScheduleTime": 7200, "now": 7260}, {"seconds": 86340.1}),
        ("requeue_after", {"schedule": "@every 1h", "created": 0, "lastScheduleTime": 3600, "now": 3660}, {"seconds": 3540.1}),
    ],
    "eviction": [
        (
            "eviction_outcome",
            {"phase": "Pending", "ready": False, "pdb": {"disruptionsAllowed": 0, "currentHealthy": 3, "desiredHealthy": 3}},
            {"deleted": True},
        ),
        ("eviction_outcome", {"phase": "Succeeded", "pdb": {"disruptionsAllowed": 0}}, {"deleted": True}),
        ("eviction_outcome", {"phase": "Failed", "pdb": {"disruptionsAllowed": 0}}, {"deleted": True}),
        (
            "eviction_outcome",
            {"phase": "Running", "ready": True, "pdb": {"selector": {"matchLabels": {"not": "me"}}, "disruptionsAllowed": 0}},
            {"deleted": True},
        ),
        ("eviction_outcome", {"phase": "Running", "ready": True, "pdb": {"selector": None, "disruptionsAllowed": 0}}, {"deleted": True}),
        (
            "eviction_outcome",
            {"phase": "Running", "ready": True, "pdb": [{"disruptionsAllowed": 1}, {"disruptionsAllowed": 1}]},
            {"deleted": False, "code": 500},
        ),
        (
            "eviction_outcome",
            {"phase": "Running", "ready": False, "pdb": {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 2}},
            {"deleted": False, "code": 429},
        ),
        (
            "eviction_outcome",
            {"phase": "Running", "ready": False, "pdb": {"disruptionsAllowed": 1, "currentHealthy": 1, "desiredHealthy": 2}},
            {"deleted": True},
        ),
        (
            "eviction_outcome",
            {"phase": "Running", "ready": True, "pdb": {"generation": 2, "observedGeneration": 1, "disruptionsAllowed": 1}},
            {"deleted": False, "code": 429},
        ),
        (
            "eviction_outcome",
            {
                "phase": "Running",
                "ready": False,
                "conflictOnDelete": True,
                "pdb": {"disruptionsAllowed": 0, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
            },
            {"deleted": False, "code": 429},
        ),
        (
            "eviction_outcome",
            {
                "phase": "Pending",
                "pdb": {"disruptionsAllowed": 0, "condition": {"status": "False", "reason": "SyncFailed", "message": "x"}},
            },
            {"deleted": True},
        ),
    ],
    "job": [
        ("succeeded_indexes", {"completedIndexes": "0-1,2", "succeededPods": [], "completions": 3}, {"intervals": [[0, 2]]}),
        ("succeeded_indexes", {"completedIndexes": "1,3-5", "succeededPods": [2], "completions": 8}, {"intervals": [[1, 5]]}),
        (
            "success_policy",
            {"completions": 10, "succeeded": [[0, 9]], "rules": [{"succeededIndexes": "0-9", "succeededCount": 10}]},
            {"met": True, "message": "Matched rules at index 0"},
        ),
        ("success_policy", {"completions": 10, "succeeded": [[0, 2], [4, 7]], "rules": [{"succeededIndexes": "100"}]}, {"met": False}),
        (
            "first_pending_indexes",
            {"count": 5, "completions": 8, "active": [2], "succeeded": [[0, 0], [4, 6]], "failed": []},
            {"indexes": [1, 3, 7]},
        ),
        ("first_pending_indexes", {"count": 2, "completions": 8, "active": [2], "succeeded": [], "failed": [[0, 1]]}, {"indexes": [3, 4]}),
        (
            "ttl_left",
            {"condition": "Complete", "conditionSecondsAgo": 10, "ttlSecondsAfterFinished": 20},
            {"cleanUp": True, "secondsLeft": 10},
        ),
        ("ttl_left", {"condition": "Complete", "conditionSecondsAgo": 10, "ttlSecondsAfterFinished": None}, {"cleanUp": False}),
        ("ttl_left", {"condition": "", "conditionSecondsAgo": 10, "ttlSecondsAfterFinished": 10}, {"cleanUp": False}),
        (
            "pod_failure_policy",
            {
                "pod": {"phase": "Failed", "containers": [{"name": "a", "exitCode": 0}]},
                "rules": [{"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [5]}}],
            },
            {"action": None, "countFailed": True, "message": None},
        ),
        (
            "pod_failure_policy",
            {
                "pod": {"phase": "Failed", "containers": [{"name": "a", "exitCode": 2}]},
                "rules": [{"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [5]}}],
            },
            {"countFailed": False, "action": "Ignore"},
        ),
        (
            "pod_failure_policy",
            {
                "pod": {"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "False"}]},
                "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}],
            },
            {"countFailed": True},
        ),
        (
            "pod_failure_policy",
            {
                "perIndex": True,
                "pod": {"name": "p", "phase": "Failed", "containers": [{"name": "a", "exitCode": 2}]},
                "rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [2]}}],
            },
            {"action": "FailIndex", "countFailed": True},
        ),
        (
            "pod_failure_policy",
            {
                "perIndex": False,
                "pod": {"name": "p", "phase": "Failed", "containers": [{"name": "a", "exitCode": 2}]},
                "rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [2]}}],
            },
            {"action": None, "countFailed": True},
        ),
        (
            "pod_failure_policy",
            {
                "pod": {
                    "name": "p",
                    "namespace": "d",
                    "phase": "Failed",
                    "containers": [{"name": "a", "exitCode": 2}, {"name": "b", "exitCode": 6}],
                },
                "rules": [{"action": "FailJob", "onExitCodes": {"containerName": "b", "operator": "In", "values": [6]}}],
            },
            {"action": "FailJob", "message": "Container b for pod d/p failed with exit code 6 matching FailJob rule at index 0"},
        ),
    ],
    "nodelifecycle": [
        (
            "zone_state",
            {
                "zones": {
                    "a": {"ready": 2, "notReady": 2},
                    "b": {"ready": 1, "notReady": 2},
                    "c": {"ready": 20, "notReady": 24},
                    "d": {"ready": 9, "notReady": 11},
                }
            },
            {"states": {"a": "Normal", "b": "Normal", "c": "Normal", "d": "PartialDisruption"}},
        ),
        ("min_toleration", {"tolerationSeconds": []}, {"seconds": 0}),
        ("min_toleration", {"tolerationSeconds": [None]}, {"seconds": -1}),
        ("min_toleration", {"tolerationSeconds": [-5, 10]}, {"seconds": 0}),
        ("min_toleration", {"tolerationSeconds": [None, 7, 3]}, {"seconds": 3}),
    ],
    "replicaset": [
        ("slow_start", {"count": 0, "initialBatchSize": 1, "callsThatSucceed": 0}, {"successes": 0, "error": False, "calls": 0}),
        ("slow_start", {"count": 3, "initialBatchSize": 5, "callsThatSucceed": 3}, {"successes": 3, "error": False, "calls": 3}),
    ],
    "disruption": [
        (
            "pdb_status",
            {"pods": 3, "ready": 3, "controllers": [5], "minAvailable": "50%"},
            {"desiredHealthy": 3, "expectedPods": 5, "currentHealthy": 3, "disruptionsAllowed": 0},
        ),
        (
            "pdb_status",
            {"pods": 4, "ready": 4, "controllers": [5], "maxUnavailable": 1},
            {"desiredHealthy": 4, "expectedPods": 5, "disruptionsAllowed": 0},
        ),
        (
            "pdb_status",
            {"pods": 5, "ready": 5, "controllers": [5], "maxUnavailable": "30%"},
            {"desiredHealthy": 3, "expectedPods": 5, "disruptionsAllowed": 2},
        ),
        (
            "pdb_status",
            {"pods": 1, "ready": 1, "controllers": [1], "maxUnavailable": 5},
            {"desiredHealthy": 0, "expectedPods": 1, "disruptionsAllowed": 1},
        ),
        (
            "pdb_status",
            {"pods": 0, "minAvailable": 1},
            {"disruptionsAllowed": 0, "expectedPods": 0, "desiredHealthy": 1, "currentHealthy": 0},
        ),
    ],
}


def plain(value):
    """Return lists for tuples, as the files of cases have them."""
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(("family", "rule", "given", "expected"), [(family, *case) for family, cases in CASES.items() for case in cases])
def test_at_the_edges(family, rule, given, expected):
    found = RULES[family][rule](given)
    assert {key: plain(found[key]) for key in expected} == expected
