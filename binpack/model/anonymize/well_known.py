"""Words that say nothing about their user: what Kubernetes and its vendors define. Everything else is renamed.

Keys of `node-role.kubernetes.io/` and `node-restriction.kubernetes.io/` keep their domain only, for users invent the rest.
"""

from __future__ import annotations

LABEL_DOMAINS = frozenset(
    {
        "kubernetes.io",
        "beta.kubernetes.io",
        "topology.kubernetes.io",
        "failure-domain.beta.kubernetes.io",
        "node.kubernetes.io",
        "node.cloudprovider.kubernetes.io",
        "node-role.kubernetes.io",
        "apps.kubernetes.io",
        "app.kubernetes.io",
        "batch.kubernetes.io",
        "statefulset.kubernetes.io",
    }
)
USER_NAMED_DOMAINS = frozenset({"node-role.kubernetes.io", "node-restriction.kubernetes.io"})
ROLES = frozenset({"control-plane", "master", "worker", "etcd", "infra"})
LABEL_KEYS = frozenset(
    {
        "pod-template-hash",
        "pod-template-generation",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "alibabacloud.com/gpu-card-model",
    }
)

HOSTNAME = "kubernetes.io/hostname"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
ZONES = frozenset(
    {
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
    }
)
UIDS = frozenset({"controller-uid", "batch.kubernetes.io/controller-uid"})
PUBLIC_VALUES = frozenset(
    {
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-completion-index",
    }
)

NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
PRIORITY_CLASSES = frozenset({"system-cluster-critical", "system-node-critical"})
SCHEDULERS = frozenset({"default-scheduler"})

DRIVERS = frozenset(
    {
        "kubernetes.io/no-provisioner",
        "kubernetes.io/aws-ebs",
        "kubernetes.io/gce-pd",
        "kubernetes.io/azure-disk",
        "kubernetes.io/azure-file",
        "kubernetes.io/cinder",
        "kubernetes.io/vsphere-volume",
        "kubernetes.io/portworx-volume",
        "kubernetes.io/rbd",
        "ebs.csi.aws.com",
        "efs.csi.aws.com",
        "pd.csi.storage.gke.io",
        "disk.csi.azure.com",
        "file.csi.azure.com",
        "cinder.csi.openstack.org",
        "csi.vsphere.vmware.com",
        "pxd.portworx.com",
    }
)

RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage", "storage", "pods"})
RESOURCE_DOMAINS = frozenset(
    {
        "kubernetes.io",
        "nvidia.com",
        "amd.com",
        "intel.com",
        "gpu.intel.com",
        "aws.amazon.com",
        "google.com",
        "habana.ai",
        "alibabacloud.com",
    }
)
ATTACHABLE = frozenset({"aws-ebs", "gce-pd", "azure-disk", "cinder"})

PLAIN_ANNOTATIONS = frozenset(
    {
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "kubernetes.io/config.source",
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "controller.kubernetes.io/pod-deletion-cost",
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
        "batch.kubernetes.io/job-completion-index",
        "storageclass.kubernetes.io/is-default-class",
        "alibabacloud.com/gpu-milli",
        "alibabacloud.com/gpu-count",
        "alibabacloud.com/gpu-index",
    }
)
"""Annotations that decisions depend on and whose values are numbers or booleans; their values are kept only if they are that plain."""

FINALIZERS = frozenset(
    {
        "orphan",
        "foregroundDeletion",
        "kubernetes",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pvc-protection",
        "batch.kubernetes.io/job-tracking",
        "external-attacher",
    }
)
# fmt: off
CONDITIONS = frozenset({
    "Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "PodScheduled", "Initialized", "ContainersReady",
    "PodReadyToStartContainers", "DisruptionTarget", "PodResizePending", "PodResizeInProgress", "Available", "Progressing",
    "ReplicaFailure", "Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet", "DisruptionAllowed",
})
# fmt: on
# fmt: off
REASONS = frozenset({
    "PreemptionByScheduler", "EvictionByEvictionAPI", "DeletionByTaintManager", "DeletionByPodGC", "TerminationByKubelet", "Infeasible",
    "Deferred", "Unschedulable", "SchedulingGated", "SchedulerError", "Evicted", "Preempting", "NodeLost", "OOMKilled", "Completed",
    "Error", "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ContainerCreating", "PodInitializing", "ContainersNotReady",
    "ContainersNotInitialized", "PodCompleted", "PodFailed", "KubeletReady", "KubeletNotReady", "KubeletHasSufficientMemory",
    "KubeletHasInsufficientMemory", "KubeletHasNoDiskPressure", "KubeletHasDiskPressure", "KubeletHasSufficientPID",
    "KubeletHasInsufficientPID", "NodeStatusUnknown", "NodeStatusNeverUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet",
    "ReplicaSetUpdated", "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "MinimumReplicasAvailable", "MinimumReplicasUnavailable",
    "FailedCreate", "FailedDelete", "DeploymentPaused", "DeploymentResumed", "BackoffLimitExceeded", "DeadlineExceeded", "JobSuspended",
    "JobResumed", "CompletionsReached", "SufficientPods", "InsufficientPods", "SyncFailed",
})
# fmt: on
OWNER_KINDS = frozenset({"Node", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"})
