"""What the API server fills in. Written as YAML before and after, as a user knows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.model.base import to_manifest
from binpack.model.decode import from_plain
from binpack.model.defaulting import default_object, default_pod
from binpack.model.kinds import KINDS
from binpack.model.pod import Pod
from binpack.model.quantity import Quantity
from binpack.model.requests import fit_requests
from binpack.model.yaml import load_documents

STRUCTS = {kind: struct for (_, kind), struct in KINDS.items()}


def an_object(kind, text, **metadata):
    (body,) = load_documents(text, "test") or [{}]
    return from_plain({"metadata": {"name": "x", **metadata}, **(body or {})}, STRUCTS[kind], place="test")


def at(value, path):
    """Follow a path of attributes, map keys and indexes."""
    for step in path.split("."):
        value = value[int(step)] if step.isdecimal() else value[step] if isinstance(value, dict) else getattr(value, step)
    return value


POD_CASES = [
    ("a namespace", "", "metadata.namespace", "default"),
    ("a scheduler's name", "", "spec.scheduler_name", "default-scheduler"),
    ("a given scheduler stays", "spec: {schedulerName: mine}", "spec.scheduler_name", "mine"),
    ("a restart policy", "", "spec.restart_policy", "Always"),
    ("a grace period", "", "spec.termination_grace_period_seconds", 30),
    ("a grace period of zero stays", "spec: {terminationGracePeriodSeconds: 0}", "spec.termination_grace_period_seconds", 0),
    ("a port's protocol", "spec: {containers: [{ports: [{containerPort: 1}]}]}", "spec.containers.0.ports.0.protocol", "TCP"),
    (
        "an init container's port",
        "spec: {initContainers: [{ports: [{containerPort: 1}]}]}",
        "spec.init_containers.0.ports.0.protocol",
        "TCP",
    ),
    ("another protocol stays", "spec: {containers: [{ports: [{protocol: UDP}]}]}", "spec.containers.0.ports.0.protocol", "UDP"),
    ("no host port without host network", "spec: {containers: [{ports: [{containerPort: 8}]}]}", "spec.containers.0.ports.0.host_port", 0),
    (
        "host ports with host network",
        "spec: {hostNetwork: true, containers: [{ports: [{containerPort: 8}]}]}",
        "spec.containers.0.ports.0.host_port",
        8,
    ),
    (
        "host ports of init containers",
        "spec: {hostNetwork: true, initContainers: [{ports: [{containerPort: 8}]}]}",
        "spec.init_containers.0.ports.0.host_port",
        8,
    ),
    (
        "a given host port stays",
        "spec: {hostNetwork: true, containers: [{ports: [{containerPort: 8, hostPort: 9}]}]}",
        "spec.containers.0.ports.0.host_port",
        9,
    ),
    ("latest images are pulled", "spec: {containers: [{image: nginx}]}", "spec.containers.0.image_pull_policy", "Always"),
    ("latest by name", "spec: {containers: [{image: 'r.io:5000/nginx:latest'}]}", "spec.containers.0.image_pull_policy", "Always"),
    ("a registry's port is no tag", "spec: {containers: [{image: 'r.io:5000/nginx'}]}", "spec.containers.0.image_pull_policy", "Always"),
    ("a tag", "spec: {containers: [{image: 'nginx:1.27'}]}", "spec.containers.0.image_pull_policy", "IfNotPresent"),
    ("a digest", "spec: {containers: [{image: 'nginx@sha256:0a'}]}", "spec.containers.0.image_pull_policy", "IfNotPresent"),
    ("no image", "spec: {containers: [{name: c}]}", "spec.containers.0.image_pull_policy", "IfNotPresent"),
    (
        "the mode of an ephemeral volume",
        "spec: {volumes: [{ephemeral: {volumeClaimTemplate: {spec: {}}}}]}",
        "spec.volumes.0.ephemeral.volume_claim_template.spec.volume_mode",
        "Filesystem",
    ),
    ("no priority, that is admission's", "", "spec.priority", None),
    ("no tolerations, that is admission's", "", "spec.tolerations", ()),
]


@pytest.mark.parametrize(("why", "text", "path", "expected"), POD_CASES)
def test_pods(why, text, path, expected):
    assert at(default_object(an_object("Pod", text)), path) == expected


REQUEST_CASES = [
    ("requests from limits", "{limits: {cpu: 1, memory: 1Gi}}", {"cpu": "1", "memory": "1Gi"}),
    ("only what is missing", "{requests: {cpu: 100m}, limits: {cpu: 1, memory: 1Gi}}", {"cpu": "100m", "memory": "1Gi"}),
    ("a request of zero is not missing", "{requests: {cpu: 0}, limits: {cpu: 1}}", {"cpu": "0"}),
    ("devices too", "{limits: {nvidia.com/gpu: 2}}", {"nvidia.com/gpu": "2"}),
    ("nothing from nothing", "{}", {}),
    ("up to thousandths", "{requests: {cpu: 100100u, memory: 0.5}}", {"cpu": "101m", "memory": "500m"}),
    ("limits are rounded before they are copied", "{limits: {cpu: 1n}}", {"cpu": "1m"}),
]


@pytest.mark.parametrize(("why", "resources", "expected"), REQUEST_CASES)
@pytest.mark.parametrize(("field", "attribute"), [("containers", "containers"), ("initContainers", "init_containers")])
def test_requests(why, resources, expected, field, attribute):
    pod = default_pod(an_object("Pod", f"spec: {{{field}: [{{name: c, resources: {resources}}}]}}"))
    (container,) = getattr(pod.spec, attribute)
    assert container.resources.requests == {name: Quantity.parse(amount) for name, amount in expected.items()}


POD_LEVEL_CASES = [
    ("limits alone become requests", "{limits: {cpu: 2, memory: 1Gi}}", "{}", {"cpu": "2", "memory": "1Gi"}),
    (
        "what the containers ask for comes first",
        "{limits: {cpu: 2, memory: 1Gi}}",
        "{requests: {cpu: 300m}}",
        {"cpu": "300m", "memory": "1Gi"},
    ),
    ("even zero", "{limits: {cpu: 2}}", "{requests: {cpu: 0}}", {"cpu": "0"}),
    ("also of a resource without a pod-level limit", "{limits: {cpu: 2}}", "{requests: {memory: 5Mi}}", {"cpu": "2", "memory": "5Mi"}),
    ("given requests stay", "{requests: {cpu: 1}, limits: {cpu: 2}}", "{requests: {cpu: 300m}}", {"cpu": "1"}),
    ("huge pages from the limit", "{limits: {hugepages-2Mi: 4Mi}}", "{}", {"hugepages-2Mi": "4Mi"}),
    ("no other resources", "{limits: {cpu: 2, example.com/x: 1}}", "{}", {"cpu": "2"}),
    ("nothing without limits", "{requests: {cpu: 1}}", "{requests: {memory: 5Mi}}", {"cpu": "1"}),
]


@pytest.mark.parametrize(("why", "pod_level", "container", "expected"), POD_LEVEL_CASES)
def test_pod_level_requests(why, pod_level, container, expected):
    text = f"spec: {{overhead: {{cpu: 1}}, resources: {pod_level}, containers: [{{name: c, resources: {container}}}]}}"
    pod = default_pod(an_object("Pod", text))
    assert pod.spec.resources.requests == {name: Quantity.parse(amount) for name, amount in expected.items()}


def test_pod_level_requests_are_the_effective_ones():
    text = """
    spec:
      resources: {limits: {cpu: 8}}
      initContainers:
      - {name: setup, resources: {requests: {cpu: 3}}}
      - {name: proxy, restartPolicy: Always, resources: {requests: {cpu: 500m}}}
      containers: [{name: c, resources: {requests: {cpu: 1}}}]
    """
    pod = default_pod(an_object("Pod", text))
    assert pod.spec.resources.requests == {"cpu": Quantity.parse("3")}
    assert fit_requests(pod) == {"cpu": 3000}


# Label keys


def merged(term, labels, *, weighted=False, anti=False):
    field = "podAntiAffinity" if anti else "podAffinity"
    required = f"{{requiredDuringSchedulingIgnoredDuringExecution: [{term}]}}"
    preferred = f"{{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, podAffinityTerm: {term}}}]}}"
    pod = an_object("Pod", f"spec: {{affinity: {{{field}: {preferred if weighted else required}}}}}", labels=labels)
    again = default_pod(default_pod(pod))
    assert again == default_pod(pod)
    affinity = again.spec.affinity.pod_anti_affinity if anti else again.spec.affinity.pod_affinity
    if weighted:
        return affinity.preferred_during_scheduling_ignored_during_execution[0].pod_affinity_term.label_selector
    return affinity.required_during_scheduling_ignored_during_execution[0].label_selector


def expressions(selector):
    return [(e.key, e.operator, *e.values) for e in selector.match_expressions]


LABEL_KEY_CASES = [
    ("a key is demanded", "{labelSelector: {}, matchLabelKeys: [rev]}", [("rev", "In", "7")]),
    ("a key is excluded", "{labelSelector: {}, mismatchLabelKeys: [rev]}", [("rev", "NotIn", "7")]),
    ("what the pod lacks is passed over", "{labelSelector: {}, matchLabelKeys: [nope, rev]}", [("rev", "In", "7")]),
    (
        "after the selector's own",
        "{labelSelector: {matchExpressions: [{key: a, operator: Exists}]}, matchLabelKeys: [rev], mismatchLabelKeys: [app]}",
        [("a", "Exists"), ("rev", "In", "7"), ("app", "NotIn", "web")],
    ),
    (
        "not twice",
        "{labelSelector: {matchExpressions: [{key: rev, operator: In, values: ['7']}]}, matchLabelKeys: [rev]}",
        [("rev", "In", "7")],
    ),
]


@pytest.mark.parametrize(("why", "term", "expected"), LABEL_KEY_CASES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("anti", [False, True])
def test_label_keys_are_merged_into_affinity_terms(why, term, expected, weighted, anti):
    assert expressions(merged(term, {"rev": "7", "app": "web"}, weighted=weighted, anti=anti)) == expected


def test_label_keys_need_a_selector():
    assert merged("{matchLabelKeys: [rev]}", {"rev": "7"}) is None


def test_label_keys_of_spread_constraints_are_left_to_the_plugin():
    text = "spec: {topologySpreadConstraints: [{maxSkew: 1, labelSelector: {}, matchLabelKeys: [rev]}]}"
    (constraint,) = default_pod(an_object("Pod", text, labels={"rev": "7"})).spec.topology_spread_constraints
    assert constraint.label_selector.match_expressions == ()


def test_a_template_is_not_a_pod():
    text = """
    spec:
      template:
        metadata: {labels: {rev: '7'}}
        spec:
          hostNetwork: true
          containers: [{name: c, ports: [{containerPort: 8}], resources: {limits: {cpu: 1}}}]
          affinity:
            podAffinity:
              requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, labelSelector: {}, matchLabelKeys: [rev]}]
    """
    spec = default_object(an_object("Deployment", text)).spec.template.spec
    assert (spec.scheduler_name, spec.containers[0].ports[0].protocol) == ("default-scheduler", "TCP")
    assert (spec.containers[0].ports[0].host_port, spec.containers[0].resources.requests) == (0, {})
    (term,) = spec.affinity.pod_affinity.required_during_scheduling_ignored_during_execution
    assert term.label_selector.match_expressions == ()


# Other kinds

KIND_CASES = [
    ("Node", "status: {capacity: {cpu: 4}}", "status.allocatable.cpu", Quantity.parse("4")),
    ("Node", "status: {capacity: {cpu: 4}, allocatable: {cpu: 3}}", "status.allocatable.cpu", Quantity.parse("3")),
    ("Node", "status: {capacity: {cpu: 4}, allocatable: {}}", "status.allocatable", {}),
    ("Node", "status: {allocatable: {cpu: 3999999u}}", "status.allocatable.cpu", Quantity.parse("4")),
    ("Node", "", "metadata.namespace", ""),
    ("Node", "", "status.allocatable", None),
    ("Namespace", "", "metadata.labels", {"kubernetes.io/metadata.name": "x"}),
    ("Service", "", "spec.type", "ClusterIP"),
    ("Service", "", "metadata.namespace", "default"),
    ("PriorityClass", "value: 5", "preemption_policy", "PreemptLowerPriority"),
    ("PriorityClass", "{value: 5, preemptionPolicy: Never}", "preemption_policy", "Never"),
    ("RuntimeClass", "overhead: {podFixed: {cpu: 1u}}", "overhead.pod_fixed.cpu", Quantity.parse("1m")),
    ("StorageClass", "", "volume_binding_mode", "Immediate"),
    ("StorageClass", "", "reclaim_policy", "Delete"),
    ("StorageClass", "volumeBindingMode: WaitForFirstConsumer", "volume_binding_mode", "WaitForFirstConsumer"),
    ("PersistentVolume", "", "spec.volume_mode", "Filesystem"),
    ("PersistentVolume", "", "spec.persistent_volume_reclaim_policy", "Retain"),
    ("PersistentVolume", "", "status.phase", "Pending"),
    ("PersistentVolume", "{spec: {volumeMode: Block}, status: {phase: Bound}}", "spec.volume_mode", "Block"),
    ("PersistentVolumeClaim", "", "spec.volume_mode", "Filesystem"),
    ("PersistentVolumeClaim", "", "status.phase", "Pending"),
    ("PersistentVolumeClaim", "", "spec.storage_class_name", None),
    ("CSIDriver", "", "spec.attach_required", True),
    ("CSIDriver", "", "spec.storage_capacity", False),
    ("CSIDriver", "spec: {attachRequired: false, storageCapacity: true}", "spec.attach_required", False),
    ("Deployment", "", "spec.replicas", 1),
    ("Deployment", "spec: {replicas: 0}", "spec.replicas", 0),
    ("Deployment", "", "spec.strategy.type", "RollingUpdate"),
    ("Deployment", "", "spec.strategy.rolling_update.max_surge", "25%"),
    ("Deployment", "", "spec.strategy.rolling_update.max_unavailable", "25%"),
    ("Deployment", "spec: {strategy: {rollingUpdate: {maxSurge: 0}}}", "spec.strategy.rolling_update.max_surge", 0),
    ("Deployment", "spec: {strategy: {type: Recreate}}", "spec.strategy.rolling_update", None),
    ("Deployment", "", "spec.revision_history_limit", 10),
    ("Deployment", "", "spec.progress_deadline_seconds", 600),
    ("Deployment", "", "spec.template.spec.restart_policy", "Always"),
    ("ReplicaSet", "", "spec.replicas", 1),
    ("StatefulSet", "", "spec.replicas", 1),
    ("StatefulSet", "", "spec.pod_management_policy", "OrderedReady"),
    ("StatefulSet", "", "spec.update_strategy.type", "RollingUpdate"),
    ("StatefulSet", "", "spec.update_strategy.rolling_update.partition", 0),
    ("StatefulSet", "spec: {updateStrategy: {type: RollingUpdate}}", "spec.update_strategy.rolling_update", None),
    ("StatefulSet", "spec: {updateStrategy: {type: OnDelete}}", "spec.update_strategy.rolling_update", None),
    ("StatefulSet", "", "spec.revision_history_limit", 10),
    ("StatefulSet", "", "spec.persistent_volume_claim_retention_policy.when_deleted", "Retain"),
    (
        "StatefulSet",
        "spec: {persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}}",
        "spec.persistent_volume_claim_retention_policy.when_scaled",
        "Delete",
    ),
    ("StatefulSet", "spec: {volumeClaimTemplates: [{spec: {}}]}", "spec.volume_claim_templates.0.spec.volume_mode", "Filesystem"),
    ("DaemonSet", "", "spec.template.spec.scheduler_name", "default-scheduler"),
    ("DaemonSet", "", "spec.update_strategy.type", "RollingUpdate"),
    ("DaemonSet", "", "spec.update_strategy.rolling_update.max_unavailable", 1),
    ("DaemonSet", "", "spec.update_strategy.rolling_update.max_surge", 0),
    ("DaemonSet", "spec: {updateStrategy: {type: OnDelete}}", "spec.update_strategy.rolling_update", None),
    ("DaemonSet", "spec: {revisionHistoryLimit: 2}", "spec.revision_history_limit", 2),
    ("CronJob", "", "spec.concurrency_policy", "Allow"),
    ("CronJob", "", "spec.successful_jobs_history_limit", 3),
    ("CronJob", "", "spec.failed_jobs_history_limit", 1),
    ("CronJob", "spec: {failedJobsHistoryLimit: 0}", "spec.failed_jobs_history_limit", 0),
    ("CronJob", "", "spec.job_template.spec.template.spec.scheduler_name", "default-scheduler"),
    ("CronJob", "", "spec.job_template.spec.backoff_limit", None),
    ("ReplicationController", "", "spec.replicas", 1),
    ("ReplicationController", "", "spec.selector", None),
    ("ReplicationController", "spec: {template: {metadata: {labels: {a: b}}}}", "spec.selector", {"a": "b"}),
    ("ReplicationController", "spec: {template: {metadata: {labels: {a: b}}}}", "metadata.labels", {"a": "b"}),
    ("Job", "", "spec.parallelism", 1),
    ("Job", "", "spec.completions", 1),
    ("Job", "spec: {parallelism: 3}", "spec.completions", None),
    ("Job", "spec: {completions: 3}", "spec.parallelism", 1),
    ("Job", "", "spec.backoff_limit", 6),
    ("Job", "spec: {backoffLimit: 0}", "spec.backoff_limit", 0),
    ("Job", "spec: {backoffLimitPerIndex: 1}", "spec.backoff_limit", 2147483647),
    ("Job", "spec: {podFailurePolicy: {rules: []}}", "spec.pod_replacement_policy", "Failed"),
    ("Job", "", "spec.completion_mode", "NonIndexed"),
    ("Job", "", "spec.pod_replacement_policy", "TerminatingOrFailed"),
    ("Job", "spec: {template: {metadata: {labels: {a: b}}}}", "metadata.labels", {"a": "b"}),
    ("Job", "spec: {template: {spec: {restartPolicy: Never}}}", "spec.template.spec.restart_policy", "Never"),
    ("Lease", "", "metadata.namespace", "default"),
]


@pytest.mark.parametrize(("kind", "text", "path", "expected"), KIND_CASES)
def test_kinds(kind, text, path, expected):
    assert at(default_object(an_object(kind, text)), path) == expected


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, text, *_ in KIND_CASES] + [("Pod", text) for _, text, *_ in POD_CASES])
def test_twice_is_once_and_free(kind, text):
    once = default_object(an_object(kind, text))
    assert default_object(once) is once


AMOUNTS = st.sampled_from(["0", "1", "100m", "1500u", "7n", "1Gi", "0.1"])
RESOURCES = st.fixed_dictionaries(
    {},
    optional={
        "requests": st.dictionaries(st.sampled_from(["cpu", "memory", "example.com/x"]), AMOUNTS, max_size=3),
        "limits": st.dictionaries(st.sampled_from(["cpu", "memory", "hugepages-2Mi"]), AMOUNTS, max_size=3),
    },
)
CONTAINERS = st.lists(st.fixed_dictionaries({"name": st.just("c"), "resources": RESOURCES}), max_size=3)


@given(CONTAINERS, CONTAINERS, RESOURCES, st.booleans())
def test_defaulting_is_idempotent_and_loses_nothing(containers, init_containers, pod_level, host_network):
    spec = {"containers": containers, "initContainers": init_containers, "resources": pod_level, "hostNetwork": host_network}
    pod = from_plain({"metadata": {"name": "p"}, "spec": spec}, Pod, place="test")
    once = default_pod(pod)
    assert default_pod(once) is once
    assert to_manifest(once)["spec"]["hostNetwork" if host_network else "schedulerName"]
    for before, after in zip(pod.spec.containers, once.spec.containers, strict=True):
        assert before.resources.requests.keys() <= after.resources.requests.keys()
        assert after.resources.limits.keys() <= after.resources.requests.keys()
