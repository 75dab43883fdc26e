"""Random timelines: pods and nodes that come, change and go."""

import copy

from plain.scenarios import APPS, REVISIONS, Draw, scenario

TIMELINE_FEATURES = ("resources", "nodeaffinity", "taints", "ports", "interpod", "spread")


def timeline(rnd, features=None, *, most_events=40):
    if features is None:
        features = {feature for feature in TIMELINE_FEATURES if rnd.random() < 0.5}
    found = scenario(rnd, features, most_nodes=4, most_placed=6, odd=False)
    found |= {"family": "timeline", "pending": [], "events": []}
    story = Story(Draw(rnd, features, odd=False), found)
    now = 0
    for _ in range(rnd.randint(1, most_events)):
        now += rnd.choice((0, 0, 5, 100, 900, 1000, 1500, 7000, 60_000, 400_000))
        found["events"].append({"at_ms": now} | story.event())
    return found | {"end_ms": now + 1000 * rnd.choice((1, 20, 700))}


class Story:
    """What exists, so that most events are about something that does."""

    def __init__(self, draw, found):
        self.draw, self.rnd = draw, draw.rnd
        self.nodes = {node["metadata"]["name"]: node for node in found["nodes"]}
        self.pods = {key(pod): pod for pod in found["pods"]}
        self.number = 0

    def event(self):
        kinds = {
            "addPod": (self.add_pod, 6),
            "updatePod": (self.update_pod, 3 if self.pods else 0),
            "deletePod": (self.delete_pod, 2),
            "addNode": (self.add_node, 1),
            "updateNode": (self.update_node, 4 if self.nodes else 0),
            "deleteNode": (self.delete_node, 1),
        }
        op = self.rnd.choice([op for op, (_, weight) in kinds.items() for _ in range(weight)])
        return {"op": op} | kinds[op][0]()

    def add_pod(self):
        self.number += 1
        pod = self.draw.pending(f"p{self.number}", list(self.nodes.values()) or [{"metadata": {"name": "node-00"}}])
        pod["spec"].pop("nodeName", None)
        pod["status"] = {}
        pod["spec"]["priority"] = self.rnd.choice((0, 0, 10, 1000))
        if self.draw.chance(0.1):
            pod["spec"]["schedulingGates"] = [{"name": "example.com/wait"}]
        elif self.draw.chance(0.1) and self.nodes:
            pod["spec"]["nodeName"] = self.rnd.choice(list(self.nodes))
        self.pods[key(pod)] = pod
        return {"pod": pod}

    def update_pod(self):
        name = self.rnd.choice(list(self.pods))
        pod = self.pods[name] = copy.deepcopy(self.pods[name])
        spec = pod["spec"]
        for change in self.rnd.sample(("labels", "tolerations", "gates", "requests", "nothing"), self.rnd.choice((1, 1, 2))):
            if change == "labels":
                pod["metadata"]["labels"] = pod["metadata"]["labels"] | self.draw.some({"app": APPS, "rev": REVISIONS})
            elif change == "tolerations":
                spec["tolerations"] = [*(spec.get("tolerations") or ()), self.draw.toleration()]
            elif change == "gates":
                spec.pop("schedulingGates", None)
            elif change == "requests":
                for container in spec["containers"]:
                    container["resources"] = {"requests": self.draw.some({"cpu": ("1m", "100m")})}
        return {"pod": pod}

    def delete_pod(self):
        name = self.rnd.choice([*self.pods, "default/nobody"])
        self.pods.pop(name, None)
        return {"name": name}

    def add_node(self):
        free = [name for name in (f"node-{number:02}" for number in range(12)) if name not in self.nodes]
        node = self.draw.node(free[0])
        self.nodes[free[0]] = node
        return {"node": node}

    def update_node(self):
        name = self.rnd.choice(list(self.nodes))
        node, fresh = copy.deepcopy(self.nodes[name]), self.draw.node(name)
        for part in self.rnd.sample(("labels", "allocatable", "taints", "unschedulable", "nothing"), self.rnd.choice((1, 1, 2))):
            if part == "labels":
                node["metadata"]["labels"] = fresh["metadata"]["labels"]
            elif part == "allocatable":
                node["status"] = fresh["status"]
            elif part == "taints":
                node["spec"]["taints"] = self.draw.several(self.draw.taint, 2)
            elif part == "unschedulable":
                node["spec"]["unschedulable"] = not node["spec"].get("unschedulable", False)
        self.nodes[name] = node
        return {"node": node}

    def delete_node(self):
        name = self.rnd.choice([*self.nodes, "node-99"])
        self.nodes.pop(name, None)
        return {"name": name}


def key(pod):
    return f"{pod['metadata'].get('namespace') or 'default'}/{pod['metadata']['name']}"
