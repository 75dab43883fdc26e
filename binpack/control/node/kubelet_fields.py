"""The fields of a KubeletConfiguration: those that kubelets here act on, decoded strictly, and the names of all others.

Source: staging/src/k8s.io/kubelet/config/v1beta1/types.go, v1.35.
"""

from __future__ import annotations

from binpack.model.base import StrictStruct, field
from binpack.model.scalars import Int32


class CrashLoopBackOff(StrictStruct, frozen=True):
    """How long a container that keeps failing waits at most."""

    max_container_restart_period: str | None = None


class KubeletConfigurationFile(StrictStruct, frozen=True):
    """What kubelets here act on, as written. None: not said."""

    api_version: str = ""
    kind: str = ""
    max_pods: Int32 | None = None
    serialize_image_pulls: bool | None = None
    max_parallel_image_pulls: Int32 | None = None
    image_gc_high_threshold_percent: Int32 = field(default=85, name="imageGCHighThresholdPercent")
    image_gc_low_threshold_percent: Int32 = field(default=80, name="imageGCLowThresholdPercent")
    image_minimum_gc_age: str | None = field(default=None, name="imageMinimumGCAge")
    kube_reserved: dict[str, str] | None = None
    system_reserved: dict[str, str] | None = None
    eviction_hard: dict[str, str] | None = None
    eviction_soft: dict[str, str] = field(default_factory=dict)
    eviction_soft_grace_period: dict[str, str] = field(default_factory=dict)
    eviction_minimum_reclaim: dict[str, str] = field(default_factory=dict)
    eviction_max_pod_grace_period: Int32 = 0
    eviction_pressure_transition_period: str | None = None
    merge_default_eviction_settings: bool = False
    crash_loop_back_off: CrashLoopBackOff = CrashLoopBackOff()


# fmt: off
IGNORED_FIELDS = frozenset({
    "address", "allowedUnsafeSysctls", "authentication", "authorization", "cgroupDriver", "cgroupRoot", "cgroupsPerQOS",
    "clusterDNS", "clusterDomain", "configMapAndSecretChangeDetectionStrategy", "containerLogMaxFiles", "containerLogMaxSize",
    "containerLogMaxWorkers", "containerLogMonitorInterval", "containerRuntimeEndpoint", "contentType", "cpuCFSQuota",
    "cpuCFSQuotaPeriod", "cpuManagerPolicy", "cpuManagerPolicyOptions", "cpuManagerReconcilePeriod", "enableContentionProfiling",
    "enableControllerAttachDetach", "enableDebugFlagsHandler", "enableDebuggingHandlers", "enableProfilingHandler",
    "enableServer", "enableSystemLogHandler", "enableSystemLogQuery", "enforceNodeAllocatable", "eventBurst", "eventRecordQPS",
    "failCgroupV1", "failSwapOn", "featureGates", "fileCheckFrequency", "hairpinMode", "healthzBindAddress", "healthzPort",
    "httpCheckFrequency", "imageMaximumGCAge", "imagePullCredentialsVerificationPolicy", "imageServiceEndpoint",
    "iptablesDropBit", "iptablesMasqueradeBit", "kernelMemcgNotification", "kubeAPIBurst", "kubeAPIQPS", "kubeReservedCgroup",
    "kubeletCgroups", "localStorageCapacityIsolation", "logging", "makeIPTablesUtilChains", "maxOpenFiles", "memoryManagerPolicy",
    "memorySwap", "memoryThrottlingFactor", "nodeLeaseDurationSeconds", "nodeStatusMaxImages", "nodeStatusReportFrequency",
    "nodeStatusUpdateFrequency", "oomScoreAdj", "podCIDR", "podLogsDir", "podPidsLimit", "podsPerCore", "port",
    "preloadedImagesVerificationAllowlist", "protectKernelDefaults", "providerID", "qosReserved", "readOnlyPort", "registerNode",
    "registerWithTaints", "registryBurst", "registryPullQPS", "reservedMemory", "reservedSystemCPUs", "resolvConf",
    "rotateCertificates", "runOnce", "runtimeRequestTimeout", "seccompDefault", "serverTLSBootstrap",
    "showHiddenMetricsForVersion", "shutdownGracePeriod", "shutdownGracePeriodByPodPriority", "shutdownGracePeriodCriticalPods",
    "singleProcessOOMKill", "staticPodPath", "staticPodURL", "staticPodURLHeader", "streamingConnectionIdleTimeout",
    "syncFrequency", "systemCgroups", "systemReservedCgroup", "tlsCertFile", "tlsCipherSuites", "tlsCurvePreferences",
    "tlsMinVersion", "tlsPrivateKeyFile", "topologyManagerPolicy", "topologyManagerPolicyOptions", "topologyManagerScope",
    "tracing", "userNamespaces", "volumePluginDir", "volumeStatsAggPeriod",
})
# fmt: on
"""Fields of Kubernetes' own that change nothing here."""
