"""The four volume plugins, claim by claim and node by node."""

import math

from plain.filters import SKIP, Plugin
from plain.objects import annotations_of, claim_names, labels_of, name_of, namespace_of, quantity, spec_of, status_of, volumes_of
from plain.selectors import any_node_term, expressions_of, selects
from plain.spread import CycleError
from plain.world import UU, U

ZONES = (
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
)
SELECTED = "volume.kubernetes.io/selected-node"


class VolumePlugin(Plugin):
    def claim(self, name, pod=None):
        return self.world.find("persistentVolumeClaims", name, namespace_of(pod or self.pod))

    def volume(self, claim):
        name = spec_of(claim).get("volumeName")
        return self.world.find("persistentVolumes", name) if name else None

    def storage_class(self, claim):
        return self.world.find("storageClasses", spec_of(claim).get("storageClassName") or "")


def missing(kind, name):
    return UU, [f'{kind} "{name}" not found']


class VolumeRestrictions(VolumePlugin):
    def pre_filter(self):
        self.exclusive = set()
        for name in claim_names(self.pod):
            claim = self.claim(name)
            if claim is None:
                return missing("persistentvolumeclaim", name)
            if "ReadWriteOncePod" in (spec_of(claim).get("accessModes") or ()):
                self.exclusive.add(name)
        self.state["uses"] = sum(self.is_used(name) for name in self.exclusive)
        inline = any(v.get("gcePersistentDisk") for v in volumes_of(self.pod))
        return None if self.state["uses"] or inline else SKIP

    def is_used(self, name):
        pods = [other for info in self.world.nodes for other in info.pods]
        return any(namespace_of(other) == namespace_of(self.pod) and name in claim_names(other) for other in pods)

    def change(self, other, by):
        self.state["uses"] += by * sum(name in self.exclusive for name in claim_names(other))

    def add(self, other, info):
        self.change(other, 1)

    def remove(self, other, info):
        self.change(other, -1)

    def filter(self, info):
        for mine in volumes_of(self.pod):
            for theirs in (v for other in info.pods for v in volumes_of(other)):
                one, two = mine.get("gcePersistentDisk"), theirs.get("gcePersistentDisk")
                if one and two and one["pdName"] == two["pdName"] and not (one.get("readOnly") and two.get("readOnly")):
                    return U, ["node(s) had no available disk"]
        if self.state["uses"] > 0:
            text = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
            return U, [text]
        return None


class NodeVolumeLimits(VolumePlugin):
    def pre_filter(self):
        return None if claim_names(self.pod) or any(v.get("gcePersistentDisk") for v in volumes_of(self.pod)) else SKIP

    def attached(self, pod):
        found = set()
        for name in claim_names(pod):
            claim = self.claim(name, pod)
            if claim is None:
                continue
            volume = self.volume(claim)
            if volume is None:
                storage_class = self.storage_class(claim)
                if storage_class is not None:
                    found.add((storage_class["provisioner"], f"?{namespace_of(pod)}/{name}"))
            elif spec_of(volume).get("csi"):
                found.add((spec_of(volume)["csi"]["driver"], spec_of(volume)["csi"]["volumeHandle"]))
        return found

    def filter(self, info):
        for name in claim_names(self.pod):
            if self.claim(name) is None:
                return UU, [f'looking up PVC {namespace_of(self.pod)}/{name}: persistentvolumeclaim "{name}" not found']
        csi_node = self.world.find("csiNodes", info.name)
        there = set().union(*(self.attached(other) for other in info.pods))
        new = self.attached(self.pod) - there
        for driver in (spec_of(csi_node).get("drivers") or ()) if csi_node else ():
            limit = (driver.get("allocatable") or {}).get("count")
            wanted = sum(of == driver["name"] for of, _ in new)
            if limit is not None and wanted and sum(of == driver["name"] for of, _ in there) + wanted > limit:
                return U, ["node(s) exceed max volume count"]
        return None


class VolumeBinding(VolumePlugin):
    def pre_filter(self):
        claims = []
        for name in claim_names(self.pod):
            claim = self.claim(name)
            if claim is None:
                return missing("persistentvolumeclaim", name)
            if status_of(claim).get("phase") == "Lost":
                return UU, [
                    f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{spec_of(claim).get("volumeName", "")}"'
                ]
            if "deletionTimestamp" in claim["metadata"]:
                return UU, [f'persistentvolumeclaim "{name}" is being deleted']
            claims.append(claim)
        if not claims:
            return SKIP
        self.bound = [c for c in claims if spec_of(c).get("volumeName") and "pv.kubernetes.io/bind-completed" in annotations_of(c)]
        rest = [c for c in claims if c not in self.bound]
        self.delayed = [c for c in rest if not spec_of(c).get("volumeName") and self.waits(c)]
        if len(self.delayed) < len(rest):
            return UU, ["pod has unbound immediate PersistentVolumeClaims"]
        return None

    def waits(self, claim):
        found = self.storage_class(claim)
        return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"

    def filter(self, info):
        return self.look(info)[0]

    def look(self, info):
        """The verdict, the volumes chosen (claim, volume), and the claims to provision."""
        reasons = []
        for claim in self.bound:
            volume = self.volume(claim)
            if volume is None:
                reasons.append("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
                break
            if not self.admits(volume, info):
                reasons.append("node(s) didn't match PersistentVolume's node affinity")
                break
        chosen, provisioned, problem = self.look_for_delayed(info)
        order = (
            "node(s) didn't match PersistentVolume's node affinity",
            "node(s) didn't find available persistent volumes to bind",
            "node(s) did not have enough free storage",
            "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
        )
        reasons = [reason for reason in order if reason in [*reasons, problem]]
        return ((UU, reasons) if reasons else None), chosen, provisioned

    def look_for_delayed(self, info):
        selected = [c for c in self.delayed if SELECTED in annotations_of(c)]
        if any(annotations_of(c)[SELECTED] != info.name for c in selected):
            return [], [], "node(s) didn't find available persistent volumes to bind"
        chosen, to_provision = [], list(selected)
        for claim in sorted((c for c in self.delayed if c not in selected), key=requested):
            volume = self.match(claim, info, [v for _, v in chosen])
            if volume is None:
                to_provision.append(claim)
            else:
                chosen.append((claim, volume))
        for claim in to_provision:
            storage_class = self.storage_class(claim)
            if storage_class is None:
                raise CycleError
            if (storage_class.get("provisioner") or "") in ("", "kubernetes.io/no-provisioner") or not self.in_topology(
                storage_class, info
            ):
                return chosen, [], "node(s) didn't find available persistent volumes to bind"
            if not self.has_room(claim, storage_class, info):
                return chosen, [], "node(s) did not have enough free storage"
        return chosen, to_provision, None

    def admits(self, volume, info):
        required = (spec_of(volume).get("nodeAffinity") or {}).get("required")
        return required is None or any_node_term(required.get("nodeSelectorTerms"), info.labels)

    def match(self, claim, info, taken):
        best = None
        for volume in self.world.all("persistentVolumes"):
            spec, reference = spec_of(volume), spec_of(volume).get("claimRef")
            own = reference is not None and (reference.get("namespace"), reference.get("name")) == (namespace_of(claim), name_of(claim))
            own = own and reference.get("uid", "") in ("", claim["metadata"].get("uid", ""))
            fits = (
                (spec.get("storageClassName") or "") == (spec_of(claim).get("storageClassName") or "")
                and volume not in taken
                and (reference is None or own)
                and capacity(volume) >= requested(claim)
                and (spec.get("volumeMode") or "Filesystem") == (spec_of(claim).get("volumeMode") or "Filesystem")
                and "deletionTimestamp" not in volume["metadata"]
            )
            if not fits:
                continue
            if own:
                return volume if self.admits(volume, info) else None
            selector = spec_of(claim).get("selector")
            suits = (
                status_of(volume).get("phase") == "Available"
                and (selector is None or selects(expressions_of(selector), labels_of(volume)))
                and self.admits(volume, info)
                and set(spec_of(claim).get("accessModes") or ()) <= set(spec.get("accessModes") or ())
            )
            if suits and (best is None or capacity(volume) < capacity(best)):
                best = volume
        return best

    def in_topology(self, storage_class, info):
        allowed = storage_class.get("allowedTopologies") or ()
        met = [
            all(info.labels.get(e["key"]) in e["values"] for e in term["matchLabelExpressions"])
            for term in allowed
            if term.get("matchLabelExpressions")
        ]
        return not allowed or any(met)

    def has_room(self, claim, storage_class, info):
        driver = self.world.find("csiDrivers", storage_class["provisioner"])
        size = ((spec_of(claim).get("resources") or {}).get("requests") or {}).get("storage")
        if driver is None or not spec_of(driver).get("storageCapacity") or size is None:
            return True
        for one in self.world.all("csiStorageCapacities"):
            limit = one.get("maximumVolumeSize") or one.get("capacity")
            if one["storageClassName"] != name_of(storage_class) or limit is None or one.get("nodeTopology") is None:
                continue
            if math.ceil(quantity(limit)) >= math.ceil(quantity(size)) and selects(expressions_of(one["nodeTopology"]), info.labels):
                return True
        return False

    def reserve(self, info):
        """Assume what was found on the chosen node."""
        _, chosen, provisioned = self.look(info)
        for claim, volume in chosen:
            reference = {"namespace": namespace_of(claim), "name": name_of(claim), "uid": claim["metadata"].get("uid", "")}
            self.world.replace("persistentVolumes", volume, volume | {"spec": volume["spec"] | {"claimRef": reference}})
        for claim in provisioned:
            meta = claim["metadata"] | {"annotations": annotations_of(claim) | {SELECTED: info.name}}
            self.world.replace("persistentVolumeClaims", claim, claim | {"metadata": meta})


def requested(claim):
    return quantity(((spec_of(claim).get("resources") or {}).get("requests") or {}).get("storage", "0"))


def capacity(volume):
    return quantity((spec_of(volume).get("capacity") or {}).get("storage", "0"))


class VolumeZone(VolumePlugin):
    def pre_filter(self):
        self.topologies = []
        for name in claim_names(self.pod):
            claim = self.claim(name)
            if claim is None:
                return missing("persistentvolumeclaim", name)
            if not spec_of(claim).get("volumeName"):
                problem = self.unbound(claim)
                if problem:
                    return problem
                continue
            volume = self.volume(claim)
            if volume is None:
                return missing("persistentvolume", spec_of(claim)["volumeName"])
            for key in ZONES:
                if key in labels_of(volume):
                    self.topologies.append((key, set(labels_of(volume)[key].split("__"))))
        return None if self.topologies else SKIP

    def unbound(self, claim):
        name = spec_of(claim).get("storageClassName") or ""
        if not name:
            return UU, ["PersistentVolumeClaim had no pv name and storageClass name"]
        found = self.storage_class(claim)
        if found is None:
            return missing("storageclass.storage.k8s.io", name)
        return None if found.get("volumeBindingMode") == "WaitForFirstConsumer" else (UU, ["PersistentVolume had no name"])

    def filter(self, info):
        if not any(key in info.labels for key in ZONES):
            return None
        for key, values in self.topologies:
            successor = key.replace("failure-domain.beta", "topology")
            if info.labels.get(key, info.labels.get(successor)) not in values:
                return UU, ["node(s) had no available volume zone"]
        return None
