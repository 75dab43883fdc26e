"""Every field under the name that the Kubernetes API gives it, typed by hand from the API reference and not from the structs."""

import json

import pytest
from msgspec import inspect

from binpack.model.base import to_manifest
from binpack.model.decode import from_json, from_plain
from binpack.model.kinds import KINDS

TIME = "2026-01-31T08:00:00Z"
META = {
    "name": "x",
    "generateName": "x-",
    "namespace": "ns",
    "uid": "u-1",
    "resourceVersion": "7",
    "generation": 2,
    "creationTimestamp": TIME,
    "deletionTimestamp": TIME,
    "deletionGracePeriodSeconds": 30,
    "labels": {"app": "web"},
    "annotations": {"a": "b"},
    "ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u-2", "controller": True, "blockOwnerDeletion": True}
    ],
    "finalizers": ["example.com/f"],
}
EXPRESSION = {"key": "k", "operator": "In", "values": ["v"]}
SELECTOR = {"matchLabels": {"app": "web"}, "matchExpressions": [EXPRESSION]}
CONDITION = {
    "type": "Ready",
    "status": "True",
    "reason": "R",
    "message": "m",
    "lastTransitionTime": TIME,
    "lastProbeTime": TIME,
    "lastHeartbeatTime": TIME,
    "lastUpdateTime": TIME,
}
RESOURCES = {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}, "claims": [{"name": "gpu", "request": "r"}]}
PROBE = {
    "exec": {"command": ["true"]},
    "httpGet": {"path": "/healthz", "port": 80},
    "tcpSocket": {"port": "web"},
    "initialDelaySeconds": 2,
    "timeoutSeconds": 3,
    "periodSeconds": 4,
    "successThreshold": 5,
    "failureThreshold": 6,
    "terminationGracePeriodSeconds": 7,
}
CONTAINER = {
    "name": "c",
    "image": "nginx:1.27",
    "imagePullPolicy": "Always",
    "ports": [{"name": "web", "containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.1", "protocol": "TCP"}],
    "resources": RESOURCES,
    "restartPolicy": "Always",
    "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}],
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
    "startupProbe": PROBE,
}
NODE_TERM = {"matchExpressions": [EXPRESSION], "matchFields": [EXPRESSION]}
POD_TERM = {
    "labelSelector": SELECTOR,
    "namespaces": ["a"],
    "topologyKey": "zone",
    "namespaceSelector": SELECTOR,
    "matchLabelKeys": ["k"],
    "mismatchLabelKeys": ["l"],
}
POD_AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": [POD_TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "podAffinityTerm": POD_TERM}],
}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [NODE_TERM]},
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": NODE_TERM}],
    },
    "podAffinity": POD_AFFINITY,
    "podAntiAffinity": POD_AFFINITY,
}
TOLERATION = {"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 300}
CLAIM_SPEC = {
    "accessModes": ["ReadWriteOnce"],
    "selector": SELECTOR,
    "resources": {"requests": {"storage": "1Gi"}, "limits": {"storage": "2Gi"}},
    "volumeName": "pv",
    "storageClassName": "fast",
    "volumeMode": "Filesystem",
    "volumeAttributesClassName": "gold",
}
VOLUME_SOURCES = {
    "gcePersistentDisk": {"pdName": "d", "readOnly": True},
    "awsElasticBlockStore": {"volumeID": "vol-1", "readOnly": True},
    "azureDisk": {"diskName": "d", "diskURI": "uri"},
    "cinder": {"volumeID": "c-1"},
}
VOLUME = {
    "name": "v",
    "persistentVolumeClaim": {"claimName": "data", "readOnly": True},
    "ephemeral": {"volumeClaimTemplate": {"metadata": META, "spec": CLAIM_SPEC}},
    "iscsi": {"iqn": "iqn.x", "targetPortal": "10.0.0.1:3260", "lun": 1, "readOnly": True},
    "rbd": {"monitors": ["m"], "pool": "p", "image": "i", "readOnly": True},
    "csi": {"driver": "d", "readOnly": True},
    **VOLUME_SOURCES,
}
POD_SPEC = {
    "nodeName": "n1",
    "schedulerName": "s",
    "containers": [CONTAINER],
    "initContainers": [CONTAINER],
    "resources": RESOURCES,
    "overhead": {"cpu": "10m"},
    "runtimeClassName": "kata",
    "priorityClassName": "high",
    "priority": 1000,
    "preemptionPolicy": "Never",
    "nodeSelector": {"disk": "ssd"},
    "affinity": AFFINITY,
    "tolerations": [TOLERATION],
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": SELECTOR,
            "minDomains": 2,
            "nodeAffinityPolicy": "Honor",
            "nodeTaintsPolicy": "Ignore",
            "matchLabelKeys": ["k"],
        }
    ],
    "schedulingGates": [{"name": "g"}],
    "resourceClaims": [{"name": "gpu", "resourceClaimName": "c", "resourceClaimTemplateName": "t"}],
    "volumes": [VOLUME],
    "hostNetwork": True,
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "activeDeadlineSeconds": 60,
    "serviceAccountName": "sa",
    "hostname": "h",
    "subdomain": "s",
    "readinessGates": [{"conditionType": "example.com/gate"}],
}
STATE = {
    "waiting": {"reason": "r", "message": "m"},
    "running": {"startedAt": TIME},
    "terminated": {"exitCode": 1, "reason": "r", "message": "m", "startedAt": TIME, "finishedAt": TIME},
}
CONTAINER_STATUS = {
    "name": "c",
    "ready": True,
    "started": True,
    "restartCount": 3,
    "image": "nginx",
    "state": STATE,
    "lastState": STATE,
    "allocatedResources": {"cpu": "1"},
    "resources": RESOURCES,
}
POD_STATUS = {
    "phase": "Running",
    "conditions": [CONDITION],
    "message": "m",
    "reason": "r",
    "nominatedNodeName": "n2",
    "startTime": TIME,
    "qosClass": "Burstable",
    "containerStatuses": [CONTAINER_STATUS],
    "initContainerStatuses": [CONTAINER_STATUS],
    "observedGeneration": 1,
}
TEMPLATE = {"metadata": META, "spec": POD_SPEC}
COUNTS = {"observedGeneration": 1, "replicas": 2, "readyReplicas": 4, "availableReplicas": 5, "terminatingReplicas": 7}

ROLLING_UPDATE = {"maxSurge": "25%", "maxUnavailable": 1, "partition": 2}
JOB_SPEC = {
    "parallelism": 2,
    "completions": 3,
    "completionMode": "Indexed",
    "activeDeadlineSeconds": 60,
    "backoffLimit": 4,
    "ttlSecondsAfterFinished": 100,
    "suspend": True,
    "manualSelector": True,
    "podReplacementPolicy": "Failed",
    "podFailurePolicy": {
        "rules": [
            {
                "action": "FailJob",
                "onExitCodes": {"containerName": "main", "operator": "In", "values": [1]},
                "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
            }
        ]
    },
    "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]},
    "backoffLimitPerIndex": 1,
    "maxFailedIndexes": 2,
    "managedBy": "kubernetes.io/job-controller",
    "selector": SELECTOR,
    "template": TEMPLATE,
}

BODIES = {
    "Node": {
        "spec": {
            "providerID": "aws:///x",
            "podCIDR": "10.0.0.0/24",
            "unschedulable": True,
            "taints": [{"key": "k", "value": "v", "effect": "NoSchedule", "timeAdded": TIME}],
        },
        "status": {
            "capacity": {"cpu": "4"},
            "allocatable": {"cpu": "3"},
            "conditions": [CONDITION],
            "addresses": [{"type": "Hostname", "address": "n1"}],
            "images": [{"names": ["nginx:1.27"], "sizeBytes": 1000}],
            "volumesInUse": ["v"],
        },
    },
    "Pod": {"spec": POD_SPEC, "status": POD_STATUS},
    "Namespace": {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active", "conditions": [CONDITION]}},
    "Service": {
        "spec": {
            "selector": {"app": "web"},
            "type": "ClusterIP",
            "allocateLoadBalancerNodePorts": False,
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "nodePort": 30080}],
        }
    },
    "ReplicationController": {"spec": {"replicas": 1, "selector": {"app": "web"}, "template": TEMPLATE}},
    "PersistentVolume": {
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "ns", "name": "data", "uid": "u"},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "fast",
            "volumeMode": "Block",
            "volumeAttributesClassName": "gold",
            "nodeAffinity": {"required": {"nodeSelectorTerms": [NODE_TERM]}},
            "csi": {"driver": "d", "volumeHandle": "h"},
            **VOLUME_SOURCES,
        },
        "status": {"phase": "Bound"},
    },
    "PersistentVolumeClaim": {"spec": CLAIM_SPEC, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}},
    "Deployment": {
        "spec": {
            "replicas": 3,
            "selector": SELECTOR,
            "template": TEMPLATE,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1, "partition": 2}},
            "minReadySeconds": 5,
            "revisionHistoryLimit": 10,
            "paused": True,
            "progressDeadlineSeconds": 600,
        },
        "status": {**COUNTS, "updatedReplicas": 3, "unavailableReplicas": 6, "collisionCount": 1, "conditions": [CONDITION]},
    },
    "ReplicaSet": {
        "spec": {"replicas": 1, "selector": SELECTOR, "template": TEMPLATE, "minReadySeconds": 5},
        "status": {**COUNTS, "fullyLabeledReplicas": 3, "conditions": [CONDITION]},
    },
    "StatefulSet": {
        "spec": {
            "replicas": 1,
            "selector": SELECTOR,
            "template": TEMPLATE,
            "serviceName": "s",
            "podManagementPolicy": "Parallel",
            "volumeClaimTemplates": [
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": META,
                    "spec": CLAIM_SPEC,
                }
            ],
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": ROLLING_UPDATE},
            "revisionHistoryLimit": 10,
            "minReadySeconds": 5,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
            "ordinals": {"start": 3},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "readyReplicas": 3,
            "availableReplicas": 4,
            "currentReplicas": 5,
            "updatedReplicas": 6,
            "currentRevision": "a",
            "updateRevision": "b",
            "collisionCount": 1,
            "conditions": [CONDITION],
        },
    },
    "DaemonSet": {
        "spec": {
            "selector": SELECTOR,
            "template": TEMPLATE,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": ROLLING_UPDATE},
            "minReadySeconds": 5,
            "revisionHistoryLimit": 10,
        },
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": 2,
            "currentNumberScheduled": 3,
            "numberMisscheduled": 4,
            "numberReady": 5,
            "numberAvailable": 6,
            "numberUnavailable": 7,
            "updatedNumberScheduled": 8,
            "collisionCount": 1,
            "conditions": [CONDITION],
        },
    },
    "ControllerRevision": {"data": {"spec": {"template": TEMPLATE}}, "revision": 3},
    "CronJob": {
        "spec": {
            "schedule": "0 * * * *",
            "timeZone": "Etc/UTC",
            "startingDeadlineSeconds": 60,
            "concurrencyPolicy": "Forbid",
            "suspend": True,
            "jobTemplate": {"metadata": META, "spec": JOB_SPEC},
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
        "status": {
            "active": [{"apiVersion": "batch/v1", "kind": "Job", "namespace": "ns", "name": "j", "uid": "u"}],
            "lastScheduleTime": TIME,
            "lastSuccessfulTime": TIME,
        },
    },
    "LimitRange": {
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "min": {"cpu": "1"},
                    "max": {"cpu": "2"},
                    "default": {"cpu": "1"},
                    "defaultRequest": {"cpu": "1"},
                    "maxLimitRequestRatio": {"cpu": "3"},
                }
            ]
        }
    },
    "ResourceQuota": {
        "spec": {
            "hard": {"pods": "3"},
            "scopes": ["BestEffort"],
            "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]},
        },
        "status": {"hard": {"pods": "3"}, "used": {"pods": "1"}},
    },
    "Job": {
        "spec": JOB_SPEC,
        "status": {
            "active": 1,
            "ready": 1,
            "terminating": 1,
            "succeeded": 1,
            "failed": 1,
            "completedIndexes": "0,2-3",
            "failedIndexes": "1",
            "startTime": TIME,
            "completionTime": TIME,
            "conditions": [CONDITION],
            "uncountedTerminatedPods": {"succeeded": ["u-1"], "failed": ["u-2"]},
        },
    },
    "PriorityClass": {"value": 1000, "globalDefault": True, "preemptionPolicy": "Never"},
    "RuntimeClass": {
        "handler": "kata",
        "overhead": {"podFixed": {"cpu": "10m"}},
        "scheduling": {"nodeSelector": {"kata": "yes"}, "tolerations": [TOLERATION]},
    },
    "PodDisruptionBudget": {
        "spec": {"selector": SELECTOR, "minAvailable": 1, "maxUnavailable": "10%", "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "status": {
            "observedGeneration": 1,
            "disruptionsAllowed": 2,
            "currentHealthy": 3,
            "desiredHealthy": 4,
            "expectedPods": 5,
            "disruptedPods": {"p": TIME},
            "conditions": [CONDITION],
        },
    },
    "Lease": {"spec": {"holderIdentity": "n1", "leaseDurationSeconds": 40, "renewTime": TIME}},
    "StorageClass": {
        "provisioner": "p",
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
        "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}],
    },
    "CSINode": {"spec": {"drivers": [{"name": "d", "nodeID": "i-1", "topologyKeys": ["zone"], "allocatable": {"count": 25}}]}},
    "CSIDriver": {"spec": {"storageCapacity": True, "attachRequired": True}},
    "CSIStorageCapacity": {
        "storageClassName": "fast",
        "nodeTopology": SELECTOR,
        "capacity": "100Gi",
        "maximumVolumeSize": "10Gi",
    },
    "VolumeAttachment": {"spec": {"attacher": "a", "nodeName": "n1", "source": {"persistentVolumeName": "pv"}}},
}
MANIFESTS = [
    pytest.param({"apiVersion": version, "kind": kind, "metadata": META, **BODIES[kind]}, struct, id=kind)
    for (version, kind), struct in KINDS.items()
]


@pytest.mark.parametrize(("manifest", "struct"), MANIFESTS)
def test_no_field_is_lost_on_the_way_in_and_out(manifest, struct):
    assert written(from_plain(manifest, struct, place="x")) == manifest
    assert written(from_json(json.dumps(manifest).encode(), struct, place="x")) == manifest


def written(value):
    return json.loads(json.dumps(to_manifest(value)))


@pytest.mark.parametrize(("manifest", "struct"), MANIFESTS)
def test_the_manifests_above_have_every_field(manifest, struct):
    assert set(missing_fields(inspect.type_info(struct), manifest, struct.__name__)) == set()


def missing_fields(info, value, path):
    match info:
        case inspect.StructType():
            for field in info.fields:
                if field.encode_name in value:
                    yield from missing_fields(field.type, value[field.encode_name], f"{path}.{field.encode_name}")
                else:
                    yield f"{path}.{field.encode_name}"
        case inspect.VarTupleType():
            for item in value:
                yield from missing_fields(info.item_type, item, path)
        case inspect.UnionType():
            for option in info.types:
                if isinstance(option, inspect.StructType | inspect.VarTupleType):
                    yield from missing_fields(option, value, path)


@pytest.mark.parametrize(("manifest", "struct"), MANIFESTS)
def test_an_object_with_nothing_in_it_is_written_short(manifest, struct):
    bare = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": {"name": "x"}}
    short = written(from_plain(bare, struct, place="x"))
    assert {key: value for key, value in short.items() if key not in ("spec", "status")} == bare
