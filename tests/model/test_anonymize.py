"""Anonymised dumps: nothing tells where they come from, and everything that decides a placement is as before."""

import json

import pytest
from msgspec import inspect

from binpack.model.anonymize import anonymize
from binpack.model.anonymize.rules import RULES
from binpack.model.anonymize.walk import _SPECIAL, text_fields
from binpack.model.base import to_manifest
from binpack.model.decode import from_plain
from binpack.model.kinds import KINDS
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Container, Pod, PodSpec
from binpack.model.requests import is_accounted, is_extended
from binpack.model.yaml import load_documents

STRUCTS = {kind: struct for (_, kind), struct in KINDS.items()}


def objects_of(text):
    return [from_plain(value, STRUCTS[value["kind"]], place="test") for value in load_documents(text, "test")]


def anonymized(text, salt="salt"):
    return [json.loads(json.dumps(to_manifest(value))) for value in anonymize(objects_of(text), salt=salt)]


def structs_of(struct, found=None):
    """Every struct that an object can hold."""

    def enter(info):
        match info:
            case inspect.StructType():
                if info.cls not in found:
                    found.add(info.cls)
                    for field in info.fields:
                        enter(field.type)
            case inspect.VarTupleType():
                enter(info.item_type)
            case inspect.UnionType():
                for option in info.types:
                    enter(option)

    found = set() if found is None else found
    enter(inspect.type_info(struct))
    return found


ALL_STRUCTS = sorted({found for struct in KINDS.values() for found in structs_of(struct)}, key=lambda struct: struct.__name__)


@pytest.mark.parametrize("struct", ALL_STRUCTS)
def test_every_text_field_has_a_rule(struct):
    if struct not in _SPECIAL:
        assert set(text_fields(struct)) <= set(RULES.get(struct, {}))


@pytest.mark.parametrize("struct", RULES)
def test_no_rule_is_for_a_field_that_does_not_exist(struct):
    assert set(RULES[struct]) <= {*struct.__struct_fields__}


DUMP = """
kind: Namespace
metadata: {name: zebra-shop, labels: {kubernetes.io/metadata.name: zebra-shop, zebra-team: zebra-blue}}
---
kind: Node
metadata:
  name: zebra-b.internal
  uid: zebra-uid-1
  labels:
    kubernetes.io/hostname: zebra-b.internal
    kubernetes.io/os: linux
    kubernetes.io/arch: arm64
    topology.kubernetes.io/zone: zebra-west-1a
    node.kubernetes.io/instance-type: zebra.large
    node-role.kubernetes.io/control-plane: ''
    node-role.kubernetes.io/zebra: ''
    zebra.example.com/generation: '7'
  annotations: {zebra.example.com/note: zebra}
spec:
  providerID: aws:///zebra-west-1a/i-zebra
  podCIDR: 10.7.0.0/24
  taints: [{key: zebra.example.com/dedicated, value: zebra-team, effect: NoSchedule}]
status:
  allocatable: {cpu: 8, memory: 32Gi, pods: 110, nvidia.com/gpu: 4, zebra.example.com/fpga: 1}
  addresses: [{type: Hostname, address: zebra-b.internal}]
  conditions:
  - {type: Ready, status: 'True', reason: KubeletReady, message: zebra says hello}
  - {type: ZebraProblem, status: 'False', reason: ZebraOk}
  images: [{names: ['registry.zebra.com/shop/web:v1', 'registry.zebra.com/shop/web@sha256:0a'], sizeBytes: 5}]
---
kind: Node
metadata: {name: zebra-a.internal, labels: {kubernetes.io/hostname: zebra-a.internal}}
---
kind: Pod
metadata:
  name: zebra-web-1
  namespace: zebra-shop
  uid: zebra-uid-2
  generateName: zebra-web-
  labels: {app: zebra-web, pod-template-hash: 7d9f8c}
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{zebra}', controller.kubernetes.io/pod-deletion-cost: '5'}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: zebra-web, uid: zebra-uid-3, controller: true}]
  finalizers: [zebra.example.com/cleanup, batch.kubernetes.io/job-tracking]
spec:
  nodeName: zebra-b.internal
  schedulerName: zebra-scheduler
  serviceAccountName: zebra-sa
  hostname: zebra-host
  priorityClassName: zebra-high
  runtimeClassName: zebra-kata
  nodeSelector: {zebra.example.com/generation: '7'}
  tolerations: [{key: zebra.example.com/dedicated, value: zebra-team}]
  containers:
  - name: zebra-main
    image: registry.zebra.com/shop/web:v1
    ports: [{name: zebra-port, containerPort: 80, hostPort: 80, hostIP: 10.20.30.40}]
    resources: {requests: {cpu: 100m, zebra.example.com/fpga: 1}, limits: {zebra.example.com/fpga: 1}}
    livenessProbe: {exec: {command: [zebra]}, httpGet: {path: /zebra, port: zebra-port}}
  volumes:
  - {name: zebra-data, persistentVolumeClaim: {claimName: zebra-claim}}
  - {name: zebra-scratch, ephemeral: {volumeClaimTemplate: {metadata: {labels: {zebra: zebra}}, spec: {storageClassName: zebra-fast}}}}
  schedulingGates: [{name: zebra.example.com/gate}]
status: {phase: Running, message: zebra, containerStatuses: [{name: zebra-main, state: {waiting: {reason: ZebraWait, message: zebra}}}]}
---
kind: PersistentVolumeClaim
metadata:
  name: zebra-claim
  namespace: zebra-shop
  annotations: {volume.kubernetes.io/selected-node: zebra-b.internal, pv.kubernetes.io/bind-completed: 'yes'}
spec: {volumeName: zebra-volume, storageClassName: zebra-fast}
---
kind: PersistentVolumeClaim
metadata: {name: zebra-web-1-zebra-scratch, namespace: zebra-shop}
spec: {storageClassName: zebra-fast}
---
kind: PersistentVolume
metadata: {name: zebra-volume, labels: {topology.kubernetes.io/zone: zebra-west-1a__zebra-west-1b}}
spec:
  claimRef: {kind: PersistentVolumeClaim, namespace: zebra-shop, name: zebra-claim, uid: zebra-uid-4}
  csi: {driver: zebra.csi.example.com, volumeHandle: zebra-handle}
---
kind: StorageClass
metadata: {name: zebra-fast}
provisioner: zebra.csi.example.com
allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [zebra-west-1a]}]}]
---
kind: CSIDriver
metadata: {name: zebra.csi.example.com}
---
kind: CSINode
metadata: {name: zebra-b.internal}
spec: {drivers: [{name: zebra.csi.example.com, nodeID: i-zebra, topologyKeys: [topology.zebra.com/rack]}]}
---
kind: Lease
metadata: {name: zebra-b.internal, namespace: kube-node-lease}
spec: {holderIdentity: zebra-b.internal}
---
kind: PriorityClass
metadata: {name: zebra-high}
value: 1000
"""


def test_no_name_survives():
    text = json.dumps(anonymized(DUMP)).lower()
    for trace in ("zebra", "10.20.30.40", "10.7.0", "7d9f8c", "sha256", "last-applied"):
        assert trace not in text


@pytest.fixture(scope="module")
def found():
    by_kind = {}
    for value in anonymized(DUMP):
        by_kind.setdefault(value["kind"], []).append(value)
    return by_kind


def test_nodes_keep_their_order_and_their_host_names(found):
    b, a = found["Node"]
    assert (a["metadata"]["name"], b["metadata"]["name"]) == ("node-0001", "node-0002")
    assert b["metadata"]["labels"]["kubernetes.io/hostname"] == "node-0002"


def test_what_kubernetes_defines_stays(found):
    labels = found["Node"][0]["metadata"]["labels"]
    assert labels["kubernetes.io/os"] == "linux"
    assert labels["kubernetes.io/arch"] == "arm64"
    assert labels["node-role.kubernetes.io/control-plane"] == ""
    assert {"topology.kubernetes.io/zone", "node.kubernetes.io/instance-type"} <= labels.keys()
    assert "pod-template-hash" in found["Pod"][0]["metadata"]["labels"]
    assert found["Pod"][0]["metadata"]["annotations"] == {"controller.kubernetes.io/pod-deletion-cost": "5"}
    assert "batch.kubernetes.io/job-tracking" in found["Pod"][0]["metadata"]["finalizers"]
    condition = found["Node"][0]["status"]["conditions"][0]
    assert (condition["type"], condition["reason"]) == ("Ready", "KubeletReady")


def test_references_still_meet(found):
    (pod,), (volume,), (storage,), (priority,) = found["Pod"], found["PersistentVolume"], found["StorageClass"], found["PriorityClass"]
    claim, ephemeral = found["PersistentVolumeClaim"]
    namespace = found["Namespace"][0]
    assert pod["metadata"]["namespace"] == namespace["metadata"]["name"] == namespace["metadata"]["labels"]["kubernetes.io/metadata.name"]
    assert pod["spec"]["nodeName"] == "node-0002" == claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
    assert pod["spec"]["priorityClassName"] == priority["metadata"]["name"]
    data, scratch = pod["spec"]["volumes"]
    assert data["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"] == volume["spec"]["claimRef"]["name"]
    assert ephemeral["metadata"]["name"] == f"{pod['metadata']['name']}-{scratch['name']}"
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert claim["spec"]["storageClassName"] == storage["metadata"]["name"]
    (csi_node,) = found["CSINode"]
    drivers = {storage["provisioner"], volume["spec"]["csi"]["driver"], found["CSIDriver"][0]["metadata"]["name"]}
    assert drivers == {csi_node["spec"]["drivers"][0]["name"]}
    assert csi_node["metadata"]["name"] == "node-0002"
    assert found["Lease"][0]["metadata"]["name"] == found["Lease"][0]["spec"]["holderIdentity"] == "node-0002"
    assert pod["status"]["containerStatuses"][0]["name"] == pod["spec"]["containers"][0]["name"]


def test_zones_are_hashed_alike_and_lists_of_zones_one_by_one(found):
    zone = found["Node"][0]["metadata"]["labels"]["topology.kubernetes.io/zone"]
    assert zone == found["StorageClass"][0]["allowedTopologies"][0]["matchLabelExpressions"][0]["values"][0]
    assert found["PersistentVolume"][0]["metadata"]["labels"]["topology.kubernetes.io/zone"].split("__")[0] == zone


def test_the_salt_decides_and_nothing_else():
    assert anonymized(DUMP) == anonymized(DUMP)
    node, other = anonymized(DUMP, "a")[1], anonymized(DUMP, "b")[1]
    assert node["metadata"]["labels"] != other["metadata"]["labels"]
    assert node["metadata"]["name"] == other["metadata"]["name"]
    assert anonymize(objects_of(DUMP), salt=b"a") == anonymize(objects_of(DUMP), salt="a")


def test_names_keep_their_order_within_kind_and_namespace():
    names = ["b", "a10", "a9", "c", "a"]
    pods = [Pod(metadata=ObjectMeta(name=name, namespace=namespace)) for namespace in ("y", "x") for name in names]
    renamed = anonymize(pods, salt="s")
    for part in (slice(0, 5), slice(5, 10)):
        order = sorted(range(5), key=lambda index, part=part: renamed[part][index].metadata.name)
        assert [names[index] for index in order] == sorted(names)
    assert len({pod.metadata.namespace for pod in renamed}) == 2


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-node-lease"])
def test_namespaces_of_kubernetes_stay(name):
    (pod,) = anonymize([Pod(metadata=ObjectMeta(name="p", namespace=name))], salt="s")
    assert pod.metadata.namespace == name


RESOURCES = [
    "cpu",
    "memory",
    "hugepages-2Mi",
    "nvidia.com/gpu",
    "acme.com/x",
    "acme",
    "requests.acme.com/x",
    "acme.kubernetes.io/x",
    "attachable-volumes-aws-ebs",
    "attachable-volumes-csi-acme",
    "acme.com/x y",
]


@pytest.mark.parametrize("name", RESOURCES)
def test_resources_stay_in_their_class(name):
    pod = from_plain({"metadata": {"name": "p"}, "spec": {"containers": [{"resources": {"requests": {name: 1}}}]}}, Pod, place="test")
    (renamed,) = anonymize([pod], salt="s")
    (after,) = renamed.spec.containers[0].resources.requests
    assert (is_extended(after), is_accounted(after)) == (is_extended(name), is_accounted(name))
    assert ("acme" in after) is False


@pytest.mark.parametrize(
    ("container", "node", "same"),
    [
        ("acme.io/web", "acme.io/web:latest", True),
        ("acme.io/web:latest", "acme.io/web:latest", True),
        ("acme.io:5000/web", "acme.io:5000/web:latest", True),
        ("acme.io/web:v1", "acme.io/web:v1", True),
        ("acme.io/web:v1", "acme.io/web:v2", False),
        ("acme.io/web@sha256:0a", "acme.io/web@sha256:0a", True),
        ("acme.io/web", "acme.io/other:latest", False),
    ],
)
def test_images_are_the_same_after_normalising_as_before(container, node, same):
    def normalized(reference):
        return reference if reference.rfind(":") > reference.rfind("/") else f"{reference}:latest"

    pod = Pod(spec=PodSpec(containers=(Container(image=container), Container(image=node))))
    (renamed,) = anonymize([pod], salt="s")
    first, second = (normalized(one.image) for one in renamed.spec.containers)
    assert (first == second) is same
    assert "acme" not in first + second


def test_devices_and_shares_stay_and_models_still_match():
    from binpack.model.devices import device_index, device_model, device_request

    node, pod, odd = anonymize(
        objects_of(
            """
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {alibabacloud.com/gpu-card-model: V100}}
---
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: default
  annotations:
    alibabacloud.com/gpu-milli: "470"
    alibabacloud.com/gpu-count: "1"
    alibabacloud.com/gpu-index: "3-5"
    alibabacloud.com/gpu-card-model: T4|V100
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: default, annotations: {alibabacloud.com/gpu-milli: secret-team, alibabacloud.com/gpu-index: "1-a"}}
spec: {containers: [{name: c}]}
"""
        ),
        salt="salt",
    )
    request = device_request(pod)
    assert (request.milli, request.count, device_index(pod)) == (470, 1, (3, 5))
    assert device_model(node) == request.models[1] != request.models[0]
    assert "V100" not in f"{node} {pod}"
    assert not odd.metadata.annotations
