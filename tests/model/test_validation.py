"""What the API server would refuse, in its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.model.decode import from_plain
from binpack.model.kinds import KINDS
from binpack.model.selectors import is_label_key, is_label_value
from binpack.model.validation import validate, validate_dump
from binpack.model.validation.names import label_value, qualified_name
from binpack.model.yaml import load_documents

STRUCTS = {kind: struct for (_, kind), struct in KINDS.items()}
NAME_FORM = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_FORM = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
LABEL_FORM = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an"
    " alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_FORM = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def an_object(kind, text):
    (body,) = load_documents(text, "test")
    return from_plain({"metadata": {"name": "x"}, **body}, STRUCTS[kind], place="test")


def problems(kind, text):
    return [str(problem) for problem in validate(an_object(kind, text))]


def in_pod(text):
    return f"spec:\n  containers: [{{name: c}}]\n  {text}\n"


POD_CASES = [
    ("no container", "spec: {}", ["spec.containers: Required value"]),
    ("a container without a name", "spec: {containers: [{}]}", ["spec.containers[0].name: Required value"]),
    ("a name in capitals", "spec: {containers: [{name: C}]}", [f'spec.containers[0].name: Invalid value: "C": {LABEL_FORM}']),
    ("a name with a dot", "spec: {containers: [{name: a.b}]}", ['spec.containers[0].name: Invalid value: "a.b": must not contain dots']),
    (
        "a name twice",
        "spec: {containers: [{name: c}, {name: c}], initContainers: [{name: c}]}",
        ['spec.containers[1].name: Duplicate value: "c"', 'spec.initContainers[0].name: Duplicate value: "c"'],
    ),
    (
        "a negative request",
        "spec: {containers: [{name: c, resources: {requests: {cpu: -100m}}}]}",
        ['spec.containers[0].resources.requests[cpu]: Invalid value: "-100m": must be greater than or equal to 0'],
    ),
    (
        "a request above the limit",
        "spec: {containers: [{name: c, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}]}",
        ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ),
    (
        "devices without a limit",
        "spec: {containers: [{name: c, resources: {requests: {nvidia.com/gpu: 2}}}]}",
        ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ),
    (
        "devices with another limit",
        "spec: {containers: [{name: c, resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}}]}",
        ['spec.containers[0].resources.requests: Invalid value: "1": must be equal to nvidia.com/gpu limit of 2'],
    ),
    (
        "half a device",
        "spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 500m}}}]}",
        [
            'spec.containers[0].resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be an integer',
            'spec.containers[0].resources.requests[nvidia.com/gpu]: Invalid value: "500m": must be an integer',
        ],
    ),
    (
        "a resource of no domain",
        "spec: {containers: [{name: c, resources: {limits: {gpu: 1}}}]}",
        [
            'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
            'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        ],
    ),
    (
        "huge pages alone",
        "spec: {containers: [{name: c, resources: {limits: {hugepages-2Mi: 4Mi}}}]}",
        ["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
    ),
    (
        "ports out of range",
        "spec: {containers: [{name: c, ports: [{containerPort: 0}, {containerPort: 70000, hostPort: -1, protocol: ICMP}]}]}",
        [
            "spec.containers[0].ports[0].containerPort: Required value",
            "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[1].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive",
            'spec.containers[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        ],
    ),
    (
        "another host port with host network",
        "spec: {hostNetwork: true, containers: [{name: c, ports: [{containerPort: 80, hostPort: 81}]}]}",
        ["spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"],
    ),
    (
        "an init container's restart policy",
        "spec: {containers: [{name: c}], initContainers: [{name: i, restartPolicy: Sometimes}]}",
        ['spec.initContainers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ),
    (
        "a restart policy",
        in_pod("restartPolicy: Sometimes"),
        ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ),
    ("a negative overhead", in_pod("overhead: {cpu: -1}"), ['spec.overhead[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
    (
        "negative pod-level limits",
        in_pod("resources: {limits: {cpu: -1}}"),
        [
            'spec.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
            'spec.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ],
    ),
    (
        "numbers of seconds",
        in_pod("terminationGracePeriodSeconds: -1\n  activeDeadlineSeconds: 0"),
        [
            "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ],
    ),
    (
        "a preemption policy",
        in_pod("preemptionPolicy: Maybe"),
        ['spec.preemptionPolicy: Unsupported value: "Maybe": supported values: "Never", "PreemptLowerPriority"'],
    ),
    ("a wrong class name", in_pod("priorityClassName: High"), [f'spec.priorityClassName: Invalid value: "High": {SUBDOMAIN_FORM}']),
    ("a node selector's key", in_pod("nodeSelector: {a b: c}"), [f'spec.nodeSelector: Invalid value: "a b": {NAME_FORM}']),
    ("a node selector's value", in_pod("nodeSelector: {a: -1x-}"), [f'spec.nodeSelector: Invalid value: "-1x-": {VALUE_FORM}']),
    (
        "gates",
        in_pod("schedulingGates: [{name: a/b/c}, {name: g}, {name: g}]\n  nodeName: n1"),
        [
            "spec.schedulingGates[0]: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.',"
            " and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
            " validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/'"
            " (e.g. 'example.com/MyName')",
            'spec.schedulingGates[2]: Duplicate value: "g"',
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ],
    ),
    (
        "volumes",
        in_pod("volumes: [{persistentVolumeClaim: {}}, {name: v, ephemeral: {}}, {name: v}]"),
        [
            "spec.volumes[0].name: Required value",
            "spec.volumes[0].persistentVolumeClaim.claimName: Required value",
            "spec.volumes[1].ephemeral.volumeClaimTemplate: Required value",
            'spec.volumes[2].name: Duplicate value: "v"',
        ],
    ),
    (
        "a label's value",
        "{metadata: {name: x, labels: {a: b c}}, spec: {containers: [{name: c}]}}",
        [f'metadata.labels: Invalid value: "b c": {VALUE_FORM}'],
    ),
    (
        "a pod's name",
        "{metadata: {name: Web_1}, spec: {containers: [{name: c}]}}",
        [f'metadata.name: Invalid value: "Web_1": {SUBDOMAIN_FORM}'],
    ),
    (
        "a namespace's name",
        "{metadata: {name: x, namespace: a.b}, spec: {containers: [{name: c}]}}",
        ['metadata.namespace: Invalid value: "a.b": must not contain dots'],
    ),
]


@pytest.mark.parametrize(("why", "text", "expected"), POD_CASES)
def test_pods(why, text, expected):
    assert problems("Pod", text) == expected


KIND_CASES = [
    ("Node", "{metadata: {name: n1, namespace: x}}", ["metadata.namespace: Forbidden: not allowed on this type"]),
    (
        "Node",
        "spec: {taints: [{key: a, effect: NoSchedule}, {key: a, value: b, effect: NoSchedule}, {key: c}, {key: d, effect: Never}]}",
        [
            'spec.taints[1]: Duplicate value: {"key": "a", "value": "b", "effect": "NoSchedule"}:'
            " taints must be unique by key and effect pair",
            "spec.taints[2].effect: Required value",
            'spec.taints[3].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        ],
    ),
    ("Node", "status: {allocatable: {cpu: -1}}", ['status.allocatable[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
    ("Namespace", "{metadata: {name: a.b}}", ['metadata.name: Invalid value: "a.b": must not contain dots']),
    ("Service", "spec: {selector: {a: b c}}", [f'spec.selector: Invalid value: "b c": {VALUE_FORM}']),
    ("PriorityClass", "value: 1000000001", ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    (
        "PriorityClass",
        "{metadata: {name: system-mine}}",
        ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only"],
    ),
    ("PriorityClass", "{metadata: {name: system-node-critical}, value: 2000001000}", []),
    (
        "PriorityClass",
        "preemptionPolicy: Maybe",
        ['preemptionPolicy: Unsupported value: "Maybe": supported values: "Never", "PreemptLowerPriority"'],
    ),
    (
        "RuntimeClass",
        "overhead: {podFixed: {cpu: -1}}",
        ['overhead.podFixed[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    (
        "PodDisruptionBudget",
        "spec: {minAvailable: 1, maxUnavailable: 10%}",
        ['spec: Invalid value: {"minAvailable": 1, "maxUnavailable": "10%"}: minAvailable and maxUnavailable cannot be both set'],
    ),
    (
        "PodDisruptionBudget",
        "spec: {minAvailable: half}",
        [
            "spec.minAvailable: Invalid value: \"half\": a valid percent string must be a numeric string followed by an ending '%'"
            " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        ],
    ),
    ("PodDisruptionBudget", "spec: {maxUnavailable: -1}", ["spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"]),
    (
        "PersistentVolume",
        "spec: {nodeAffinity: {required: {}}}",
        [
            "spec.capacity: Required value",
            "spec.accessModes: Required value: at least 1 access mode is required",
            "spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term",
        ],
    ),
    (
        "PersistentVolumeClaim",
        "spec: {accessModes: [ReadSometimes], volumeMode: Tape, resources: {requests: {storage: 0}}}",
        [
            'spec.accessModes: Unsupported value: "ReadSometimes": supported values:'
            ' "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
            'spec.resources[storage]: Invalid value: "0": must be greater than zero',
            'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
        ],
    ),
    (
        "StorageClass",
        "volumeBindingMode: Later",
        [
            "provisioner: Required value",
            'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
        ],
    ),
    (
        "StorageClass",
        "{provisioner: p, allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [a, a]}, {key: zone}, {key: /, values: [b]}]}]}",
        [
            'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
            "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
            'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"',
            'allowedTopologies[0].matchLabelExpressions[2].key: Invalid value: "/": prefix part must be non-empty',
            'allowedTopologies[0].matchLabelExpressions[2].key: Invalid value: "/": name part must be non-empty',
            f'allowedTopologies[0].matchLabelExpressions[2].key: Invalid value: "/": {NAME_FORM}',
        ],
    ),
    (
        "CSIStorageCapacity",
        "capacity: -1",
        ["storageClassName: Required value", 'capacity: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    ("Lease", "{metadata: {name: A}}", [f'metadata.name: Invalid value: "A": {SUBDOMAIN_FORM}']),
    ("CSIDriver", "{metadata: {}}", ["metadata.name: Required value: name or generateName is required"]),
]


@pytest.mark.parametrize(("kind", "text", "expected"), KIND_CASES)
def test_kinds(kind, text, expected):
    assert problems(kind, text) == expected


GOOD = """
metadata: {name: web, labels: {app.kubernetes.io/name: web, empty: ''}}
spec:
  restartPolicy: Never
  nodeSelector: {disk: ssd}
  schedulingGates: [{name: example.com/gate}]
  tolerations:
  - {operator: Exists}
  - {key: a, value: b}
  - {key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 300}
  topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, minDomains: 2, labelSelector: {}, matchLabelKeys: [rev]}
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, nodeAffinityPolicy: Honor}
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
        - matchExpressions: [{key: gen, operator: Gt, values: ['3']}, {key: gpu, operator: DoesNotExist}]
          matchFields: [{key: metadata.name, operator: In, values: [n1]}]
      preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {}}]
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {a: b}}, namespaceSelector: {}, matchLabelKeys: [rev]}
  containers:
  - name: c
    ports: [{containerPort: 80, hostPort: 80}]
    resources: {requests: {cpu: 100m, hugepages-2Mi: 4Mi}, limits: {cpu: 1, hugepages-2Mi: 4Mi, nvidia.com/gpu: 1}}
  initContainers: [{name: i, restartPolicy: Always}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}, {name: w}]
"""


def test_a_good_pod_has_no_problem():
    assert problems("Pod", GOOD) == []


DUMP_CASES = [
    ("Pod", "spec: {containers: [{name: c, resources: {limits: {cpu: -1}}}]}", []),
    (
        "Pod",
        "spec: {containers: [{resources: {requests: {cpu: -1}}}]}",
        ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    (
        "Pod",
        "spec: {initContainers: [{resources: {requests: {memory: 1Ei}}}]}",
        [
            'spec.initContainers[0].resources.requests[memory]: Invalid value: "1Ei": is more than can be counted here'
            " (accepted: at most 72,057,594,037,927,936 in total)"
        ],
    ),
    ("Pod", "spec: {overhead: {cpu: -1}}", ['spec.overhead[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
    (
        "Pod",
        "spec: {resources: {requests: {cpu: -1}}}",
        ['spec.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    ("Pod", "spec: {containers: [{}, {}], topologySpreadConstraints: [{}]}", []),
    ("Node", "status: {capacity: {cpu: -1}}", ['status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
    ("Deployment", "spec: {replicas: -1}", ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    (
        "Job",
        "spec: {template: {spec: {containers: [{resources: {requests: {cpu: -1}}}]}}}",
        ['spec.template.spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ),
]


@pytest.mark.parametrize(("kind", "text", "expected"), DUMP_CASES)
def test_dumps(kind, text, expected):
    assert [str(problem) for problem in validate_dump(an_object(kind, text))] == expected


@pytest.mark.parametrize("kind", ["Deployment", "PodDisruptionBudget"])
def test_percentages_of_a_dump(kind):
    text = {
        "Deployment": "spec: {strategy: {rollingUpdate: {maxSurge: x, maxUnavailable: '%'}}}",
        "PodDisruptionBudget": "spec: {minAvailable: x, maxUnavailable: '%'}",
    }
    assert len(validate_dump(an_object(kind, text[kind]))) == 2


@given(st.text("aZ09-_./ é", max_size=70) | st.from_regex(r"[a-z]{1,3}(\.[a-z]+)?/[A-Za-z0-9._-]{1,65}", fullmatch=True))
def test_names_are_judged_as_selectors_judge_them(text):
    assert (not qualified_name(text)) == is_label_key(text)
    assert (not label_value(text)) == is_label_value(text)
