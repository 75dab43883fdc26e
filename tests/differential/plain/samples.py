"""Random sequences: enough nodes for sampling to begin, and pods that make ties."""

from plain.scenarios import Draw, scenario

SEQUENCE_FEATURES = ("nodeaffinity", "taints", "ports", "interpod", "spread", "images")


def sequence(rnd, features=None, *, least_nodes=95, most_nodes=130, most_pending=12):
    if features is None:
        features = {feature for feature in SEQUENCE_FEATURES if rnd.random() < 0.3}
    found = scenario(rnd, features, most_nodes=1, most_placed=0, odd=False)
    draw = Draw(rnd, features, odd=False)
    names = [f"node-{number:03}" for number in range(rnd.randint(least_nodes, most_nodes))]
    alike = rnd.random() < 0.5
    one = draw.node(names[0])
    nodes = [draw.node(name) if not alike else one | {"metadata": draw.node(name)["metadata"]} for name in names]
    placed = [draw.placed(f"b{number}", rnd.choice(names)) for number in range(rnd.randint(0, 60))]
    few = rnd.sample(nodes, 2)
    pending = [draw.pending(f"p{number}", few) for number in range(rnd.randint(1, most_pending))]
    for pod in pending:
        pod["spec"].pop("nodeName", None)
        single_shortlist(pod)
    profile = {"schedulerName": "default-scheduler"} | draw.some({"percentageOfNodesToScore": (0, 5, 50, 90, 100)}, 0.4)
    if rnd.random() < 0.1:
        profile["plugins"] = {"score": {"disabled": [{"name": "*"}]}}
    config = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration", "profiles": [profile]}
    config |= draw.some({"percentageOfNodesToScore": (0, 1, 60)}, 0.4)
    return found | {"family": "sequence", "nodes": nodes, "pods": placed, "pending": pending, "config": config}


def single_shortlist(pod):
    """Keep at most one term: the order among several named nodes is left open by kube-scheduler."""
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    if affinity:
        affinity["nodeSelectorTerms"] = affinity["nodeSelectorTerms"][:1]
