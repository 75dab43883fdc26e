"""KubeSchedulerConfiguration v1 as a user writes it, decoded strictly.

These structs hold what stands in the file and nothing else: defaults are merged, arguments decoded and everything validated by
`binpack.framework.resolution`.
Source: kube-scheduler/config/v1/types.go and component-base/config/v1alpha1/types.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from binpack.errors import ConfigurationError, ManifestError
from binpack.framework.arguments import decode_arguments
from binpack.framework.defaults import API_VERSION, KIND
from binpack.framework.points import Point
from binpack.model.base import StrictStruct, field
from binpack.model.field_errors import FieldError, shown
from binpack.model.files import name_of, read_bytes
from binpack.model.scalars import Int32, Int64
from binpack.model.strict import Decoded, decode_strictly
from binpack.model.yaml import load_documents


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
    percentage_of_nodes_to_score: Int32 | None = None
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
    weight: Int64 = 0
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
    burst: Int32 = 0


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
    parallelism: Int32 = 16
    percentage_of_nodes_to_score: Int32 | None = None
    pod_initial_backoff_seconds: Int64 = 1
    pod_max_backoff_seconds: Int64 = 10
    profiles: tuple[KubeSchedulerProfile, ...] = ()
    extenders: tuple[Extender, ...] = ()
    leader_election: LeaderElection = LeaderElection()
    client_connection: ClientConnection = ClientConnection()
    enable_profiling: bool | None = None
    enable_contention_profiling: bool | None = None
    delay_cache_until_active: bool = False


def load_configuration(path: Path | str) -> KubeSchedulerConfiguration:
    """Read a configuration file (YAML or JSON).

    Raises
    ------
    ConfigurationError
        If the file cannot be read, or anything in it is unknown or of a wrong type; all of it is listed. Names and ranges are
        judged by `binpack.framework.resolution`.
    """
    return decode_configuration(read_document(path), source=source_of(path))


def parse_configuration(text: str, *, source: str = "") -> KubeSchedulerConfiguration:
    """Read a configuration from text; `source` begins each line of an error. See `load_configuration`."""
    return decode_configuration(parse_document(text, source=source), source=source)


def decode_configuration(data: Any, *, source: str = "") -> KubeSchedulerConfiguration:
    """Read a configuration from plain data (dicts, lists, scalars). See `load_configuration`."""
    decoded = decode_document(data)
    errors = list(decoded.errors)
    if decoded.value is not None:
        for path, config in plugin_configs(decoded.value):
            errors += decode_arguments(config.name, config.args, path=f"{path}.args").errors
    if errors or decoded.value is None:
        raise ConfigurationError(*error_lines(errors, source=source))
    return decoded.value


def read_document(path: Path | str) -> Any:
    """Read a configuration file as plain data; `-` is standard input.

    Raises
    ------
    ConfigurationError
        If there is no such file, or it is no YAML, or holds a key twice or more than one document.
    """
    try:
        text = read_bytes(_file(path)).decode()
    except ManifestError as error:
        raise ConfigurationError(str(error)) from None
    return parse_document(text, source=source_of(path))


def source_of(path: Path | str) -> str:
    """Return what messages call a file."""
    return name_of(_file(path))


def parse_document(text: str, *, source: str = "", kind: str = KIND) -> Any:
    """Read a configuration's text, or that of another kind, as plain data. See `read_document`."""
    try:
        documents = [document for document in load_documents(text, source or "configuration") if document is not None]
    except ManifestError as error:
        raise ConfigurationError(str(error)) from None
    if len(documents) != 1:
        found = "is empty" if not documents else f"holds {len(documents)} documents"
        raise ConfigurationError(f"{source or 'configuration'}: {found} (accepted: one {kind})")
    return documents[0]


def decode_document(data: Any) -> Decoded[KubeSchedulerConfiguration]:
    """Decode plain data as far as it can be understood and collect what cannot; plugins' arguments are left as they are."""
    foreign = _foreign_errors(data)
    return Decoded(None, foreign) if foreign else decode_strictly(data, KubeSchedulerConfiguration)


def plugin_configs(configuration: KubeSchedulerConfiguration) -> Iterator[tuple[str, PluginConfig]]:
    """Walk over the plugins' arguments of all profiles, each with its field path."""
    for index, profile in enumerate(configuration.profiles):
        for position, config in enumerate(profile.plugin_config):
            yield f"profiles[{index}].pluginConfig[{position}]", config


def error_lines(errors: Iterable[FieldError], *, source: str) -> tuple[str, ...]:
    """Write errors as lines that begin with the file's name."""
    prefix = f"{source}: " if source else ""
    return tuple(f"{prefix}{error}" for error in errors)


def _file(path: Path | str) -> Path | None:
    return None if str(path) == "-" else Path(path)


def _foreign_errors(data: Any) -> tuple[FieldError, ...]:
    """Tell whether this is another kind of document, or one of another version, whose fields mean something else."""
    if not isinstance(data, dict):
        return (FieldError("", f"is not a mapping (accepted: a {KIND} with apiVersion: {API_VERSION})"),)
    errors = []
    kind, version = data.get("kind"), data.get("apiVersion")
    if kind != KIND:
        errors.append(FieldError("kind", f"{_seen(kind)} (accepted: {KIND})"))
    if version != API_VERSION:
        group = API_VERSION.partition("/")[0]
        old = isinstance(version, str) and version.startswith(f"{group}/")
        hint = "; Kubernetes has removed the earlier versions: rewrite the file for v1" if old else ""
        errors.append(FieldError("apiVersion", f"{_seen(version)} (accepted: {API_VERSION}{hint})"))
    return tuple(errors)


def _seen(value: Any) -> str:
    return "is missing" if value is None else f"{shown(value)} is not understood"
