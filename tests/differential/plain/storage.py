"""Random volumes, claims and what is around them."""

ZONE, HOSTNAME, BETA_ZONE = "topology.kubernetes.io/zone", "kubernetes.io/hostname", "failure-domain.beta.kubernetes.io/zone"


class StorageDraw:
    """Needs `rnd`, `chance` and `some`; remembers the claims that pods may name."""

    def storage(self, nodes):
        classes = [("wait", "csi.example.com", "WaitForFirstConsumer"), ("now", "csi.example.com", "Immediate")]
        classes += [("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"), ("room", "room.example.com", "WaitForFirstConsumer")]
        found = {
            "storageClasses": [{"metadata": {"name": n}, "provisioner": p, "volumeBindingMode": m} for n, p, m in classes],
            "persistentVolumes": [],
            "persistentVolumeClaims": [],
            "csiDrivers": [{"metadata": {"name": "room.example.com"}, "spec": {"storageCapacity": True}}],
            "csiNodes": [self.csi_node(name) for name in nodes if self.chance(0.8)],
            "csiStorageCapacities": [
                {
                    "metadata": {"name": f"room-{z}", "namespace": "default"},
                    "storageClassName": "room",
                    "capacity": self.rnd.choice(("3Gi", "50Gi")),
                }
                | self.some({"maximumVolumeSize": ("2Gi", "50Gi")}, 0.3)
                | self.some({"nodeTopology": ({"matchLabels": {ZONE: z}}, {})}, 0.9)
                for z in ("za", "zb")
            ],
        }
        if self.chance(0.5):
            zones = {"matchLabelExpressions": [{"key": ZONE, "values": ["za", "zb"]}]}
            found["storageClasses"][0]["allowedTopologies"] = [zones]
        for number in range(self.rnd.randint(1, 5)):
            self.claim(found, f"claim-{number}")
        for number in range(self.rnd.randint(0, 4)):
            volume = self.volume(f"local-{number}", "local", self.rnd.choice(nodes))
            found["persistentVolumes"].append(volume | {"status": {"phase": self.rnd.choice(("Available", "Available", "Released"))}})
        return found

    def csi_node(self, name):
        drivers = [
            {"name": driver, "nodeID": name} | ({"allocatable": {"count": self.rnd.choice((0, 1, 2, 4))}} if self.chance(0.8) else {})
            for driver in ("csi.example.com", "room.example.com")
            if self.chance(0.8)
        ]
        return {"metadata": {"name": name}, "spec": {"drivers": drivers}}

    def volume(self, name, storage_class, node):
        spec = {
            "capacity": {"storage": self.rnd.choice(("4Gi", "10Gi", "30Gi"))},
            "accessModes": self.rnd.choice((["ReadWriteOnce"], ["ReadWriteOnce", "ReadOnlyMany"])),
            "storageClassName": storage_class,
            "volumeMode": "Filesystem" if self.chance(0.9) else "Block",
        }
        key, value = (HOSTNAME, node) if storage_class == "local" else (ZONE, self.rnd.choice(("za", "zb")))
        if self.chance(0.8):
            term = {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}
            spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
        if storage_class != "local" and self.chance(0.7):
            spec["csi"] = {"driver": "csi.example.com", "volumeHandle": f"handle-{name}"}
        labels = self.some({ZONE: ("za", "zb", "za__zb"), BETA_ZONE: ("za",)}, 0.2)
        return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"phase": "Available"}}

    def claim(self, found, name):
        namespace, storage_class = (
            self.rnd.choice(("default", "default", "default", "prod")),
            self.rnd.choice(("wait", "now", "local", "room", None)),
        )
        meta = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
        spec = {"accessModes": [self.rnd.choice(("ReadWriteOnce", "ReadWriteOnce", "ReadWriteOncePod"))], "volumeMode": "Filesystem"}
        spec |= {"resources": {"requests": {"storage": self.rnd.choice(("1Gi", "5Gi", "20Gi"))}}}
        spec |= {} if storage_class is None else {"storageClassName": storage_class}
        status = {"phase": "Pending"}
        if self.chance(0.5):
            volume = self.volume(f"volume-{name}", storage_class or "", "node-00")
            volume["spec"]["claimRef"] = {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name, "uid": f"uid-{name}"}
            if self.chance(0.95):
                found["persistentVolumes"].append(volume | {"status": {"phase": "Bound"}})
            if self.chance(0.8):
                spec["volumeName"], status = volume["metadata"]["name"], {"phase": "Bound"}
                if self.chance(0.9):
                    meta["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
        if self.chance(0.04):
            status = {"phase": "Lost"}
        self.claims.append(name)
        found["persistentVolumeClaims"].append({"metadata": meta, "spec": spec, "status": status})

    def volumes(self):
        names = self.rnd.sample(self.claims, min(len(self.claims), self.rnd.choice((0, 1, 1, 2))))
        names += ["missing"] if self.chance(0.03) else []
        found = [{"name": f"v{number}", "persistentVolumeClaim": {"claimName": name}} for number, name in enumerate(names)]
        if self.chance(0.2):
            disk = {"pdName": self.rnd.choice(("d1", "d2")), "readOnly": self.chance(0.4)}
            found.append({"name": "disk", "gcePersistentDisk": disk})
        return found
