"""Random scenarios in the recording format: few keys and values, so that things match; with a share of what is odd but legal."""

from plain.storage import BETA_ZONE, HOSTNAME, ZONE, StorageDraw

REGION = "topology.kubernetes.io/region"
APPS, TIERS, REVISIONS = ("web", "db", "cache"), ("front", "back", "edge"), ("r1", "r2")
NAMESPACES = ("default", "prod", "dev", "team-a")
TAINT_KEYS, TAINT_VALUES, EFFECTS = ("dedicated", "gpu", "spot"), ("", "true", "ml"), ("NoSchedule", "NoExecute", "PreferNoSchedule")
CPUS = ("1m", "10m", "100m", "0.3", "500m", "1", "1500m", "2", "0", "0.0005", "1n")
MEMORIES = ("64Mi", "123456789", "1e9", "1Gi", "1500M", "2.5Gi", "4Gi", "0", "0.1Gi", "500m")
SCALARS = ("example.com/gpu", "other.org/nic", "hugepages-2Mi", "kubernetes.io/thing", "attachable-volumes-x")
NOBODYS = ("widgets", "requests.example.com/gpu")
GENERATIONS = ("1", "3", "5", "07", "x", "", "-3", "9223372036854775808")
IMAGES = tuple(f"registry.example:5000/{name}{tag}" for name in APPS for tag in ("", ":latest", ":v1", "@sha256:00"))
SIZES = (5_000_000, 23_000_001, 120_000_000, 700_000_000, 3_000_000_000)
FEATURES = ("resources", "nodeaffinity", "taints", "ports", "interpod", "spread", "images", "config", "volumes", "nominated", "preemption")


def scenario(rnd, features=None, *, most_nodes=7, most_placed=14, most_pending=5, odd=True):
    """Draw a scenario; the features are drawn as well where they are not given. Odd: with selectors that cannot be parsed."""
    if features is None:
        features = {feature for feature in FEATURES if rnd.random() < 0.4}
    draw = Draw(rnd, features, odd=odd)
    nodes = [draw.node(f"node-{number:02}") for number in range(rnd.randint(1, most_nodes))]
    found = {
        "family": "mixed",
        "name": "drawn",
        "namespaces": [
            {"metadata": {"name": name, "labels": draw.some({"env": ("prod", "dev"), "team": ("a", "b")})}}
            for name in NAMESPACES
            if rnd.random() < 0.9
        ],
        "nodes": nodes,
        "services": [draw.service(number) for number in range(rnd.randint(0, 2))],
        "replicaSets": [draw.replica_set(app) for app in APPS if rnd.random() < 0.5],
    }
    if "config" in features:
        found["config"] = draw.config()
    if "volumes" in features:
        found |= draw.storage([node["metadata"]["name"] for node in nodes])
    found["pods"] = [draw.placed(f"b{number}", rnd.choice(nodes)["metadata"]["name"]) for number in range(rnd.randint(0, most_placed))]
    found["pending"] = [draw.pending(f"p{number}", nodes) for number in range(rnd.randint(1, most_pending))]
    if "nominated" in features:
        found["nominated"] = [draw.nominated(f"n{number}", rnd.choice(nodes)["metadata"]["name"]) for number in range(rnd.randint(1, 4))]
    if "preemption" in features:
        found |= {"preemption": True, "podDisruptionBudgets": [draw.budget(number) for number in range(rnd.randint(0, 4))]}
    return found


class Draw(StorageDraw):
    def __init__(self, rnd, features, *, odd=True):
        self.rnd, self.features, self.claims, self.odd = rnd, features, [], odd

    def chance(self, share):
        return self.rnd.random() < share

    def some(self, choices, share=0.6):
        return {key: self.rnd.choice(values) for key, values in choices.items() if self.chance(share)}

    def several(self, make, most):
        return [make() for _ in range(self.rnd.randint(0, most))]

    # Nodes

    def node(self, name):
        labels = self.some({ZONE: ("za", "zb", "zc", ""), REGION: ("r1", "r2"), "disktype": ("ssd", "hdd"), "gen": GENERATIONS}, 0.75)
        labels |= self.some({"rack": ("rack0", "rack1"), BETA_ZONE: ("za", "zb")}, 0.3)
        if self.chance(0.95):
            labels[HOSTNAME] = name if self.chance(0.95) else "node-00"
        allocatable = {"cpu": self.rnd.choice(("2", "3900m", "8", "16")), "memory": self.rnd.choice(("4Gi", "7.5Gi", "16G", "15842244Ki"))}
        allocatable |= self.some({"pods": ("4", "8", "110")}, 0.97) | self.some({"ephemeral-storage": ("20Gi", "100G")}, 0.9)
        allocatable |= self.some(dict.fromkeys((*SCALARS, *NOBODYS), ("1", "2", "8", "0")) | {"hugepages-2Mi": ("512Mi",)}, 0.5)
        spec, status = {}, {"allocatable": allocatable, "capacity": allocatable}
        if "taints" in self.features:
            spec["taints"] = self.several(self.taint, 3)
            if self.chance(0.2):
                spec["unschedulable"] = True
        if "images" in self.features:
            status["images"] = self.several(self.image, 4)
        return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}

    def taint(self):
        return {"key": self.rnd.choice(TAINT_KEYS), "value": self.rnd.choice(TAINT_VALUES), "effect": self.rnd.choice(EFFECTS)}

    def image(self):
        return {"names": self.rnd.sample(IMAGES, self.rnd.randint(1, 2)), "sizeBytes": self.rnd.choice(SIZES)}

    # Pods

    def labels(self):
        return self.some({"app": APPS, "tier": TIERS, "rev": REVISIONS}, 0.75)

    def pod(self, name):
        meta = {"name": name, "namespace": "default" if self.chance(0.75) else self.rnd.choice(NAMESPACES), "labels": self.labels()}
        if self.chance(0.3):
            owner = f"rs-{self.rnd.choice(APPS)}"
            meta["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}]
        spec = {"containers": [self.container(f"c{number}") for number in range(self.rnd.choice((1, 1, 1, 2)))]}
        if "resources" in self.features:
            spec |= self.more_resources()
        if "ports" in self.features and self.chance(0.5):
            spec["hostNetwork"] = self.chance(0.2)
            for container in (*spec["containers"], *spec.get("initContainers", ())):
                container["ports"] = self.several(self.port, 2)
        if "taints" in self.features:
            spec["tolerations"] = self.several(self.toleration, 3)
        if "interpod" in self.features and self.chance(0.5):
            spec.setdefault("affinity", {}).update(
                {kind: self.pod_affinity() for kind in ("podAffinity", "podAntiAffinity") if self.chance(0.6)}
            )
        if "preemption" in self.features or "nominated" in self.features:
            spec["priority"] = self.rnd.choice((-5, 0, 0, 10, 100))
        return {"metadata": meta, "spec": spec, "status": {}}

    def pending(self, name, nodes):
        pod = self.pod(name)
        spec = pod["spec"]
        if "nodeaffinity" in self.features and self.chance(0.7):
            spec |= self.node_affinity([node["metadata"]["name"] for node in nodes], spec)
        if "spread" in self.features and self.chance(0.7):
            made = {(c["topologyKey"], c["whenUnsatisfiable"]): c for c in self.several(self.constraint, 3)}
            spec["topologySpreadConstraints"] = list(made.values())
        if "preemption" in self.features:
            spec["priority"] = self.rnd.choice((0, 50, 100, 500, 500))
            spec |= {"preemptionPolicy": "Never"} if self.chance(0.1) else {}
        if "volumes" in self.features:
            spec["volumes"] = self.volumes()
        if self.chance(0.1):
            pod["status"]["nominatedNodeName"] = self.rnd.choice((*(node["metadata"]["name"] for node in nodes), "gone"))
        if self.chance(0.02):
            spec["nodeName"] = self.rnd.choice(nodes)["metadata"]["name"]
        return pod

    def placed(self, name, node):
        pod = self.pod(name)
        pod["spec"]["nodeName"] = node
        pod["status"] = {"phase": self.rnd.choice(("Running", "Running", "Running", "Pending", "Succeeded", "Failed"))}
        if "resources" in self.features and self.chance(0.2):
            self.resize(pod)
        if self.chance(0.7):
            pod["status"]["startTime"] = f"2026-01-0{self.rnd.randint(1, 4)}T00:00:00Z"
        if "preemption" in self.features and self.chance(0.1):
            pod["metadata"]["deletionTimestamp"] = "2026-02-01T00:00:00Z"
            if self.chance(0.5):
                target = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
                pod["status"].setdefault("conditions", []).append(target)
        if "volumes" in self.features:
            pod["spec"]["volumes"] = self.volumes()
        return pod

    def nominated(self, name, node):
        pod = self.pending(name, [{"metadata": {"name": node}}])
        pod["spec"]["priority"] = self.rnd.choice((0, 100, 1000))
        pod["spec"].pop("nodeName", None)
        pod["status"] = {"nominatedNodeName": node}
        return {"pod": pod, "node": node}

    def container(self, name):
        image = self.rnd.choice(IMAGES) if "images" in self.features else ""
        return {"name": name, "image": image, "resources": self.resources()}

    def resources(self):
        found = {"requests": self.some({"cpu": CPUS, "memory": MEMORIES}, 0.8)}
        if "resources" in self.features:
            found["requests"] |= self.some({"ephemeral-storage": ("1Gi", "5Gi", "10G")}, 0.3)
            found["requests"] |= self.some(dict.fromkeys((*SCALARS, *NOBODYS), ("0", "1", "2")), 0.1)
            found["limits"] = self.some({"cpu": CPUS, "memory": MEMORIES, "example.com/gpu": ("0", "1")}, 0.2)
        return found

    def more_resources(self):
        init = [self.container(f"i{number}") for number in range(self.rnd.choice((0, 0, 1, 2, 3)))]
        for container in init:
            container |= {"restartPolicy": "Always"} if self.chance(0.5) else {}
        found = {"initContainers": init}
        if self.chance(0.2):
            found["overhead"] = self.some({"cpu": ("50m",), "memory": ("64Mi",), "example.com/gpu": ("1",)})
        if self.chance(0.2):
            names = {"cpu": ("2", "3500m"), "memory": ("3Gi",), "hugepages-2Mi": ("64Mi",), "example.com/gpu": ("1",)}
            found["resources"] = {"requests": self.some(names, 0.5)}
        return found

    def resize(self, pod):
        names, spec = {"cpu": CPUS, "memory": MEMORIES}, pod["spec"]
        for field, containers in (("containerStatuses", spec["containers"]), ("initContainerStatuses", spec.get("initContainers") or ())):
            pod["status"][field] = [
                {"name": c["name"], "allocatedResources": self.some(names)}
                | ({"resources": {"requests": self.some(names)}} if self.chance(0.7) else {})
                for c in containers
            ]
        if self.chance(0.3):
            reason = self.rnd.choice(("Infeasible", "Deferred"))
            pod["status"]["conditions"] = [{"type": "PodResizePending", "status": "True", "reason": reason}]

    def port(self):
        found = {"containerPort": self.rnd.choice((80, 443))}
        choices = {"hostPort": (53, 80, 9000), "hostIP": ("", "0.0.0.0", "127.0.0.1", "10.0.0.1", "::"), "protocol": ("TCP", "UDP")}
        return found | self.some(choices, 0.7)

    def toleration(self):
        found = self.some({"key": TAINT_KEYS, "value": TAINT_VALUES, "effect": EFFECTS}, 0.8)
        return found | self.some({"operator": ("Exists", "Equal", "", "Gt")}, 0.7)

    # Selectors and affinity

    def selector(self):
        """A label selector, null and empty ones among them, rarely one that cannot be parsed."""
        if self.chance(0.12):
            return None
        found = {"matchLabels": self.some({"app": APPS, "tier": TIERS}, 0.35)}
        found["matchExpressions"] = [self.expression({"app": APPS, "tier": TIERS, "rev": REVISIONS})] if self.chance(0.35) else []
        if self.odd and self.chance(0.01):
            found["matchExpressions"].append({"key": "app", "operator": "Near", "values": ["web"]})
        return found

    def expression(self, choices):
        key = self.rnd.choice(list(choices))
        operator = self.rnd.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        values = self.rnd.sample(choices[key], self.rnd.randint(1, 2)) if operator in ("In", "NotIn") else []
        return {"key": key, "operator": operator, "values": values}

    def pod_term(self):
        found = {"topologyKey": self.rnd.choice((ZONE, HOSTNAME, REGION, "rack")), "labelSelector": self.selector()}
        if self.chance(0.3):
            found["namespaces"] = self.rnd.sample(NAMESPACES, self.rnd.randint(0, 2))
        if self.chance(0.3):
            expressions = self.several(lambda: self.expression({"env": ("prod", "dev"), "team": ("a", "b")}), 2)
            found["namespaceSelector"] = {"matchLabels": self.some({"env": ("prod", "dev")}, 0.2), "matchExpressions": expressions}
        found |= self.some({"matchLabelKeys": (["rev"], ["absent"]), "mismatchLabelKeys": (["tier"],)}, 0.15)
        return found

    def pod_affinity(self):
        def weighted():
            return {"weight": self.rnd.randint(1, 100), "podAffinityTerm": self.pod_term()}

        return {
            "requiredDuringSchedulingIgnoredDuringExecution": self.several(self.pod_term, 1 if self.chance(0.7) else 2),
            "preferredDuringSchedulingIgnoredDuringExecution": self.several(weighted, 2),
        }

    def node_term(self, names):
        choices = {"disktype": ("ssd", "hdd"), ZONE: ("za", "zb", "zc", ""), "rack": ("rack0", "rack1"), "absent": ("x", "y")}
        expressions = self.several(lambda: self.expression(choices), 2)
        if self.chance(0.3):
            bound = self.rnd.choice(("0", "3", "5", "07", "9"))
            expressions.append({"key": "gen", "operator": self.rnd.choice(("Gt", "Lt")), "values": [bound]})
        found = {"matchExpressions": expressions}
        if self.chance(0.25):
            found["matchFields"] = self.several(lambda: self.name_field(names), 2)
        return found

    def name_field(self, names):
        return {"key": "metadata.name", "operator": self.rnd.choice(("In", "In", "NotIn")), "values": [self.rnd.choice([*names, "gone"])]}

    def odd_node_term(self):
        """One that cannot be parsed."""
        odd = (
            {"matchExpressions": [{"key": "gen", "operator": "Gt", "values": [self.rnd.choice(("x", "-1", "1.5", ""))]}]},
            {"matchExpressions": [{"key": "a b", "operator": "Exists"}]},
            {"matchExpressions": [{"key": "gen", "operator": "In", "values": []}]},
            {"matchExpressions": [{"key": "gen", "operator": "Exists", "values": ["1"]}]},
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-00", "node-01"]}]},
            {"matchFields": [{"key": "metadata.namespace", "operator": "In", "values": ["node-00"]}]},
        )
        return self.rnd.choice(odd)

    def any_node_term(self, names, odd):
        return self.odd_node_term() if self.odd and self.chance(odd) else self.node_term(names)

    def preference(self, names):
        return {"weight": self.rnd.choice((0, 1, 50, 100)), "preference": self.any_node_term(names, 0.01)}

    def node_affinity(self, names, spec):
        affinity = {}
        if self.chance(0.6):
            terms = self.several(lambda: self.any_node_term(names, 0.05), 3)
            affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
        if self.chance(0.6):
            affinity["preferredDuringSchedulingIgnoredDuringExecution"] = self.several(lambda: self.preference(names), 3)
        found = {"affinity": spec.get("affinity", {}) | {"nodeAffinity": affinity}}
        if self.chance(0.3):
            found["nodeSelector"] = self.some({"disktype": ("ssd", "hdd"), ZONE: ("za", "")}, 0.4)
        return found

    def constraint(self):
        found = {
            "topologyKey": self.rnd.choice((ZONE, ZONE, HOSTNAME, REGION, "rack")),
            "maxSkew": self.rnd.choice((1, 1, 2, 3)),
            "whenUnsatisfiable": self.rnd.choice(("DoNotSchedule", "ScheduleAnyway")),
            "labelSelector": self.selector(),
        }
        found |= self.some({"nodeAffinityPolicy": ("Honor", "Ignore"), "nodeTaintsPolicy": ("Honor", "Ignore")}, 0.4)
        found |= self.some({"matchLabelKeys": (["rev"], ["rev", "absent"])}, 0.3)
        if found["whenUnsatisfiable"] == "DoNotSchedule":
            found |= self.some({"minDomains": (1, 2, 3, 5)}, 0.3)
        return found

    # Other objects

    def service(self, number):
        selector = self.rnd.choice(({"app": self.rnd.choice(APPS)}, {}, None, {"app": "web", "tier": "front"}))
        return {
            "metadata": {"name": f"s{number}", "namespace": self.rnd.choice(("default", "default", "prod"))},
            "spec": {"selector": selector},
        }

    def replica_set(self, app):
        selector = {"matchLabels": {"app": app}, "matchExpressions": [self.expression({"tier": TIERS})] if self.chance(0.3) else []}
        return {"metadata": {"name": f"rs-{app}", "namespace": "default", "uid": f"rs-{app}"}, "spec": {"selector": selector}}

    def budget(self, number):
        status = {"disruptionsAllowed": self.rnd.choice((0, 0, 1, 2))}
        if self.chance(0.3):
            status["disruptedPods"] = {f"b{self.rnd.randint(0, 5)}": "2026-01-01T00:00:00Z"}
        meta = {"name": f"budget-{number}", "namespace": self.rnd.choice(("default", "default", "prod"))}
        return {"metadata": meta, "spec": {"selector": self.selector()}, "status": status}

    def config(self):
        plugins, arguments = {}, []
        if self.chance(0.4):
            plugins["score"] = self.plugin_set(("NodeResourcesFit", "ImageLocality", "TaintToleration", "PodTopologySpread"), star=0.2)
        if self.chance(0.3):
            plugins["filter"] = self.plugin_set(("NodeResourcesFit", "TaintToleration", "NodeUnschedulable", "NodePorts"), star=0.0)
        if self.chance(0.3):
            plugins["multiPoint"] = self.plugin_set(("InterPodAffinity", "PodTopologySpread", "DynamicResources", "NodeAffinity"), star=0.0)
        for name, make in (
            ("NodeResourcesFit", self.fit_args),
            ("NodeResourcesBalancedAllocation", self.balanced_args),
            ("NodeAffinity", self.added_affinity),
            ("PodTopologySpread", self.spread_args),
            ("InterPodAffinity", self.affinity_args),
        ):
            if self.chance(0.5):
                kind = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": f"{name}Args"}
                arguments.append({"name": name, "args": kind | make()})
        profile = {"schedulerName": "default-scheduler", "plugins": plugins, "pluginConfig": arguments}
        return {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration", "profiles": [profile]}

    def plugin_set(self, names, *, star):
        disabled = [{"name": "*"}] if self.chance(star) else [{"name": name} for name in names if self.chance(0.3)]
        enabled = [
            {"name": name} | self.some({"weight": (1, 4, 9)}, 0.7) for name in self.rnd.sample(names, self.rnd.randint(1, len(names)))
        ]
        return {"disabled": disabled, "enabled": enabled}

    def fit_args(self):
        found = {}
        if self.chance(0.5):
            found |= self.some({"ignoredResources": (["example.com/gpu"],), "ignoredResourceGroups": (["other.org"], ["example.com"])}, 0.5)
        strategy = {"type": self.rnd.choice(("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"))}
        if self.chance(0.7):
            names = self.rnd.sample(("cpu", "memory", "ephemeral-storage", "example.com/gpu", "hugepages-2Mi"), self.rnd.randint(1, 4))
            strategy["resources"] = [{"name": name, "weight": self.rnd.randint(1, 5)} for name in names]
        if strategy["type"] == "RequestedToCapacityRatio":
            points = sorted(self.rnd.sample(range(101), self.rnd.randint(1, 4)))
            shape = [{"utilization": point, "score": self.rnd.randint(0, 10)} for point in points]
            strategy["requestedToCapacityRatio"] = {"shape": shape}
        return found | ({"scoringStrategy": strategy} if self.chance(0.8) else {})

    def balanced_args(self):
        names = self.rnd.sample(("cpu", "memory", "ephemeral-storage", "example.com/gpu"), self.rnd.randint(1, 4))
        return {"resources": [{"name": name, "weight": 1} for name in names]}

    def added_affinity(self):
        term = {"matchExpressions": [{"key": "disktype", "operator": "In", "values": ["ssd"]}]}
        found = self.some({"requiredDuringSchedulingIgnoredDuringExecution": ({"nodeSelectorTerms": [term]},)}, 0.5)
        preference = {"weight": 10, "preference": {"matchExpressions": [{"key": "gen", "operator": "Gt", "values": ["3"]}]}}
        found |= self.some({"preferredDuringSchedulingIgnoredDuringExecution": ([preference],)}, 0.5)
        return {"addedAffinity": found}

    def spread_args(self):
        if self.chance(0.4):
            return {"defaultingType": "System"}
        made = {(c["topologyKey"], c["whenUnsatisfiable"]): c for c in self.several(self.constraint, 3)}
        keep = ("topologyKey", "maxSkew", "whenUnsatisfiable")
        return {"defaultingType": "List", "defaultConstraints": [{key: one[key] for key in keep} for one in made.values()]}

    def affinity_args(self):
        return self.some({"hardPodAffinityWeight": (0, 7, 100), "ignorePreferredTermsOfExistingPods": (True, False)}, 0.7)
