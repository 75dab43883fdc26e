"""Gives each name, label, image and address its new one: always the same for the same, and not to be guessed without the salt."""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict

from binpack.model.anonymize import well_known
from binpack.model.selectors import is_label_key, is_label_value, parse_int64

_DIGITS = 12
_LEAST_NODE_DIGITS = 4
_NODE_LEASES = "kube-node-lease"
_PREFIXES = {
    "PersistentVolume": "volume",
    "PersistentVolumeClaim": "claim",
    "PodDisruptionBudget": "budget",
    "PriorityClass": "priority",
    "StorageClass": "storage",
}


class Renamer:
    """New names for old ones.

    Objects' names become a number by rank, so that they sort as before: equal scores are decided by the node's name. All else is
    hashed. The objects have to be walked twice, first to learn all names (`learning`), then to rename.

    Parameters
    ----------
    salt : bytes
    """

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self.learning = True
        self._names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._renamed: dict[tuple[str, str], dict[str, str]] = {}
        self._compared_keys: set[str] = set()
        self._ephemeral: set[tuple[str, str, str]] = set()
        self._digests: dict[tuple[str, str], str] = {}

    def finish_learning(self) -> None:
        """Give every name its rank."""
        self.learning = False
        self._renamed = {space: _ranked(space[0], names) for space, names in self._names.items()}
        claims = "PersistentVolumeClaim"
        for namespace, pod, volume in sorted(self._ephemeral):
            # Kubernetes finds the claim of an ephemeral volume by its name, so that name has to follow the pod's and the volume's.
            renamed = self._renamed.setdefault((claims, namespace), {})
            renamed[f"{pod}-{volume}"] = f"{self.object_name('Pod', namespace, pod)}-{self.hashed('volume', volume)}"

    def learn_ephemeral_volume(self, namespace: str, pod: str, volume: str) -> None:
        """Remember that a claim is named after a pod and its volume."""
        self._ephemeral.add((namespace, pod, volume))

    def learn_comparison(self, key: str) -> None:
        """Remember that a label's values are compared as numbers."""
        self._compared_keys.add(key)

    def hashed(self, category: str, text: str) -> str:
        """Hash any text; empty stays empty. Equal texts of one category stay equal."""
        return f"{category}-{self._digest(category, text)}" if text else ""

    def uid(self, uid: str) -> str:
        """Rename a uid in the form of one."""
        if not uid:
            return ""
        digits = self._digest("uid", uid, digits=32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def object_name(self, kind: str, namespace: str, name: str) -> str:
        """Rename an object, or a reference to one (which need not be there)."""
        if kind == "CSIDriver":
            return self.driver(name)  # provisioners and volumes refer to it by that name
        if kind == "CSINode" or (kind == "Lease" and namespace == _NODE_LEASES):
            kind, namespace = "Node", ""
        if not name or (kind == "PriorityClass" and name in well_known.PRIORITY_CLASSES):
            return name
        if kind == "Namespace" and name in well_known.NAMESPACES:
            return name
        if self.learning:
            self._names[kind, namespace].add(name)
            return name
        return self._renamed[kind, namespace][name]

    def node(self, name: str) -> str:
        """Rename a node."""
        return self.object_name("Node", "", name)

    def node_or_hash(self, name: str) -> str:
        """Rename what may be a node's name."""
        if self.learning:
            return name
        return self._renamed.get(("Node", ""), {}).get(name) or self.hashed("host", name)

    def namespace(self, name: str) -> str:
        """Rename a namespace; Kubernetes' own stay."""
        return self.object_name("Namespace", "", name)

    def label_key(self, key: str) -> str:
        """Rename a label or taint key; those that Kubernetes defines stay. What is no valid key becomes none."""
        domain, slash, name = key.rpartition("/")
        if not key or key in well_known.LABEL_KEYS:
            return key
        if slash and domain in well_known.USER_NAMED_DOMAINS and is_label_key(key):
            return key if name in well_known.ROLES else f"{domain}/{self.hashed('k', name)}"
        if slash and domain in well_known.LABEL_DOMAINS and is_label_key(key):
            return key
        return ("" if is_label_key(key) else "!") + self.hashed("k", key)

    def label_value(self, key: str, value: str) -> str:
        """Rename a label's value. Numbers that some selector compares stay; what is no valid value becomes none."""
        if key in self._compared_keys and parse_int64(value) is not None:
            return value
        if not is_label_value(value):
            return self.value(value)
        if value in ("", "true", "false") or key in well_known.PUBLIC_VALUES:
            return value
        if key == well_known.NAMESPACE_NAME:
            return self.namespace(value)
        if key == well_known.HOSTNAME:
            return self.node_or_hash(value)
        if key in well_known.UIDS:
            return self.uid(value)
        if key in well_known.ZONES:
            # A volume's label may list several zones.
            return "__".join(self.value(zone) for zone in value.split("__"))
        return self.value(value)

    def value(self, text: str) -> str:
        """Rename a value whatever its key, as taints and tolerations need it."""
        if text in ("", "true", "false"):
            return text
        return ("" if is_label_value(text) else "!") + self.hashed("v", text)

    def labels(self, labels: dict[str, str]) -> dict[str, str]:
        """Rename a map of labels."""
        return {self.label_key(key): self.label_value(key, value) for key, value in labels.items()}

    def image(self, reference: str) -> str:
        """Rename an image; without a tag, or with the tag `latest`, it stays so, for these two mean the same."""
        if not reference:
            return ""
        slash, colon = reference.rfind("/"), reference.rfind(":")
        name, tag = (reference[:colon], reference[colon + 1 :]) if colon > slash else (reference, None)
        renamed = self.hashed("image", name)
        if tag is None:
            return renamed
        return f"{renamed}:{tag if tag == 'latest' else self.hashed('t', tag)}"

    def driver(self, name: str) -> str:
        """Rename a storage driver or provisioner; the public ones stay, for in-tree volumes are translated to them."""
        return name if not name or name in well_known.DRIVERS else f"{self.hashed('driver', name)}.example"

    def resource(self, name: str) -> str:
        """Rename a resource, within its class: what the scheduler counts it still counts, what it drops it still drops."""
        if name in well_known.RESOURCES or name.startswith("hugepages-"):
            return name
        attachable = "attachable-volumes-"
        if name.startswith(attachable):
            kind = name.removeprefix(attachable)
            return name if kind in well_known.ATTACHABLE else attachable + self.hashed("a", kind)
        domain, slash, _ = name.rpartition("/")
        if slash and domain in well_known.RESOURCE_DOMAINS and is_label_key(name):
            return name
        marks = ("requests." if name.startswith("requests.") else "") + ("" if is_label_key(f"requests.{name}") else "!")
        own = f"r-{self._digest('r', name)}"
        if "kubernetes.io/" in name:
            return f"{marks}{own}.kubernetes.io/{own}"
        return f"{marks}{own}.example/{own}" if slash else f"{marks}{own}"

    def host_ip(self, address: str) -> str:
        """Rename an address; those that mean any or only this host stay."""
        if address in ("", "0.0.0.0", "127.0.0.1", "::", "::1"):
            return address
        digest = bytes.fromhex(self._digest("ip", address))
        return f"10.{digest[0]}.{digest[1]}.{digest[2]}"

    def _digest(self, category: str, text: str, *, digits: int = _DIGITS) -> str:
        known = self._digests.get((category, text))
        if known is None:
            known = hmac.new(self._salt, f"{category}\0{text}".encode(), hashlib.sha256).hexdigest()
            self._digests[category, text] = known
        return known[:digits]


def _ranked(kind: str, names: set[str]) -> dict[str, str]:
    prefix = _PREFIXES.get(kind, kind.lower())
    digits = max(len(str(len(names))), _LEAST_NODE_DIGITS if kind == "Node" else 1)
    return {name: f"{prefix}-{rank:0{digits}}" for rank, name in enumerate(sorted(names), start=1)}
