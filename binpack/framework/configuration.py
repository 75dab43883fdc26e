"""KubeSchedulerConfiguration v1 as a user writes it, decoded strictly.

These structs hold what stands in the file and nothing else: defaults are merged, arguments decoded and everything validated by
`binpack.framework.resolution`.
Source: kube-scheduler/config/v1/types.go and component-base/config/v1alpha1/types.go, v1.35.
"""

from __future__ import annotations

from typing import Any

from binpack.framework.points import Point
from binpack.model.base import StrictStruct, field


class Plugin(StrictStruct, frozen=True):
    """A plugin's name and, where it scores, its weight (None: not given, which is not the default weight)."""

    name: str = ""
    weight: int | None = None


class PluginSet(StrictStruct, frozen=True):
    """What to enable and to disable at one extension point; a disabled `*` is every plugin of the point."""

    enabled: tuple[Plugin, ...] = ()
    disabled: tuple[Plugin, ...] = ()


class Plugins(StrictStruct, frozen=True):
    """A plugin set for each extension point, and one for all points at once."""

    pre_enqueue: PluginSet = PluginSet()
    queue_sort: PluginSet = PluginSet()
    pre_filter: PluginSet = PluginSet()
    filter: PluginSet = PluginSet()
    post_filter: PluginSet = PluginSet()
    pre_score: PluginSet = PluginSet()
    score: PluginSet = PluginSet()
    reserve: PluginSet = PluginSet()
    permit: PluginSet = PluginSet()
    pre_bind: PluginSet = PluginSet()
    bind: PluginSet = PluginSet()
    post_bind: PluginSet = PluginSet()
    multi_point: PluginSet = PluginSet()

    def at(self, point: Point) -> PluginSet:
        """Return the set of one extension point."""
        plugin_set: PluginSet = getattr(self, point.name.lower())
        return plugin_set


class PluginConfig(StrictStruct, frozen=True):
    """A plugin's arguments, undecoded: their form is the plugin's own affair."""

    name: str = ""
    args: Any = None


class KubeSchedulerProfile(StrictStruct, frozen=True):
    """One scheduler by name: its plugins and their arguments."""

    scheduler_name: str | None = None
    percentage_of_nodes_to_score: int | None = None
    plugins: Plugins = Plugins()
    plugin_config: tuple[PluginConfig, ...] = ()


class ExtenderManagedResource(StrictStruct, frozen=True):
    """An extended resource that an extender looks after; `ignored_by_scheduler` takes it out of NodeResourcesFit's filter."""

    name: str = ""
    ignored_by_scheduler: bool = False


class ExtenderTLSConfig(StrictStruct, frozen=True):
    """How to reach an extender safely; never read here."""

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    cert_data: str = ""
    key_data: str = ""
    ca_data: str = ""


class Extender(StrictStruct, frozen=True):
    """A web service that filters, scores or binds; known, but never called here."""

    url_prefix: str = ""
    filter_verb: str = ""
    preempt_verb: str = ""
    prioritize_verb: str = ""
    weight: int = 0
    bind_verb: str = ""
    enable_https: bool = field(default=False, name="enableHTTPS")
    tls_config: ExtenderTLSConfig | None = None
    http_timeout: str = ""
    node_cache_capable: bool = False
    managed_resources: tuple[ExtenderManagedResource, ...] = ()
    ignorable: bool = False


class LeaderElection(StrictStruct, frozen=True):
    """Which of several schedulers acts; never read here."""

    leader_elect: bool | None = None
    lease_duration: str = ""
    renew_deadline: str = ""
    retry_period: str = ""
    resource_lock: str = ""
    resource_name: str = ""
    resource_namespace: str = ""


class ClientConnection(StrictStruct, frozen=True):
    """How to reach the API server; never read here."""

    kubeconfig: str = ""
    accept_content_types: str = ""
    content_type: str = ""
    qps: float = 0.0
    burst: int = 0


class KubeSchedulerConfiguration(StrictStruct, frozen=True):
    """The whole file.

    Parameters
    ----------
    parallelism : int
        Workers of the real scheduler's search; the search here is sequential.
    percentage_of_nodes_to_score : int | None
        None and 0: adaptive. A profile's own value goes before it.
    pod_initial_backoff_seconds, pod_max_backoff_seconds : int
        How long a pod that failed waits.
    profiles : tuple[KubeSchedulerProfile, ...]
        Empty: one, with all defaults.
    """

    api_version: str = ""
    kind: str = ""
    parallelism: int = 16
    percentage_of_nodes_to_score: int | None = None
    pod_initial_backoff_seconds: int = 1
    pod_max_backoff_seconds: int = 10
    profiles: tuple[KubeSchedulerProfile, ...] = ()
    extenders: tuple[Extender, ...] = ()
    leader_election: LeaderElection = LeaderElection()
    client_connection: ClientConnection = ClientConnection()
    enable_profiling: bool | None = None
    enable_contention_profiling: bool | None = None
    delay_cache_until_active: bool = False
