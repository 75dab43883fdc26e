"""The scheduling queue on plain JSON: one list of waiting pods, searched and sorted anew each time."""

from plain.configuration import Configuration
from plain.cycle import Cycle, decide
from plain.hints import HINTS
from plain.objects import defaulted, key_of, labels_of, name_of, priority_of, spec_of, status_of
from plain.requests import placed
from plain.world import PlainNode, World

SECOND, HALF_MINUTE, FIVE_MINUTES = 1000, 30_000, 300_000


class Waiting:
    """A pod in the queue; all times in milliseconds."""

    def __init__(self, pod, now):
        self.pod, self.timestamp = pod, now
        self.place, self.plugins, self.rejections, self.errors = "active", set(), 0, 0

    @property
    def is_gated(self):
        return bool(spec_of(self.pod).get("schedulingGates"))

    @property
    def expiry(self):
        count = self.errors or self.rejections
        if count == 0:
            return None
        seconds = min(10, 2 ** (count - 1))
        return (self.timestamp + seconds * SECOND) // SECOND * SECOND

    def backs_off(self, now):
        return self.expiry is not None and self.expiry >= now // SECOND * SECOND


class Timeline:
    def __init__(self, scenario):
        self.world, self.configuration = World(scenario), Configuration(scenario.get("config"))
        self.waiting, self.now, self.attempts, self.queues = {}, 0, [], []

    # Time

    def advance(self, to):
        for instant in range((self.now // SECOND + 1) * SECOND, to + 1, SECOND):
            if instant <= self.now:
                continue
            self.now = instant
            for one in self.waiting.values():
                if one.place in ("backoff", "errors") and not one.backs_off(instant):
                    one.place = "active"
            if instant % HALF_MINUTE == 0:
                for one in list(self.waiting.values()):
                    if one.place == "pool" and not one.is_gated and instant - one.timestamp > FIVE_MINUTES:
                        self.requeue(one)
            self.schedule()
        self.now = max(self.now, to)

    def schedule(self):
        while (one := self.pop()) is not None:
            self.attempt(one)

    def pop(self):
        def order(one):
            return -priority_of(one.pod), one.timestamp

        active = sorted((one for one in self.waiting.values() if one.place == "active"), key=order)
        backing_off = sorted((one for one in self.waiting.values() if one.place == "backoff"), key=lambda one: (one.expiry, order(one)))
        return next(iter(active + backing_off), None)

    def attempt(self, one):
        key, attempt = key_of(one.pod), {"at_ms": self.now, "pod": key_of(one.pod)}
        cycle = Cycle(self.world, self.configuration, one.pod, [])
        result = decide(cycle)
        self.now += 1
        self.attempts.append(attempt)
        if "error" in result:
            attempt |= {"plugins": [], "message": result["error"]}
            one.place, one.timestamp, one.errors = "errors", self.now, one.errors + 1
            return
        if "bound" in result:
            attempt["node"] = result["bound"]
            del self.waiting[key]
            pod = one.pod | {"spec": one.pod["spec"] | {"nodeName": result["bound"]}}
            self.world.place(pod, result["bound"])
            self.tell("assigned", "add", None, pod)
            return
        one.plugins = {status["plugin"] for status in (result.get("rejected") or {"": result.get("preFilter")}).values()}
        # Who shortlists is held to have rejected the other nodes, even where there are none.
        one.plugins |= {"NodeAffinity"} if cycle.shortlist is not None else set()
        attempt |= {"plugins": sorted(one.plugins), "message": result["message"]}
        one.place, one.timestamp, one.rejections, one.errors = "pool", self.now, one.rejections + 1, 0

    # Events

    def requeue(self, one):
        if one.is_gated:
            one.plugins.add("SchedulingGates")
            one.place = "pool"
        else:
            one.place = "backoff" if one.backs_off(self.now) else "active"

    def tell(self, what, aspect, before, after):
        for one in self.waiting.values():
            if one.place == "pool" and not one.is_gated and self.is_woken(one, what, aspect, before, after):
                self.requeue(one)

    def is_woken(self, one, what, aspect, before, after):
        return any(HINTS[plugin](self.world, one.pod, what, aspect, before, after) for plugin in one.plugins)

    def apply(self, event):
        match event["op"]:
            case "addPod":
                self.add_pod(defaulted(event["pod"]))
            case "updatePod":
                self.update_pod(defaulted(event["pod"]))
            case "deletePod":
                self.delete_pod(event["name"])
            case "addNode":
                self.world.nodes.append(PlainNode(event["node"]))
                self.tell("node", "add", None, event["node"])
            case "updateNode":
                self.update_node(event["node"])
            case "deleteNode":
                info = self.world.node(event["name"])
                if info is not None:
                    self.world.nodes.remove(info)
                    self.tell("node", "delete", info.node, None)

    def add_pod(self, pod):
        if spec_of(pod).get("nodeName"):
            self.world.place(pod, spec_of(pod)["nodeName"])
            self.tell("assigned", "add", None, pod)
            return
        self.waiting[key_of(pod)] = one = Waiting(pod, self.now)
        self.requeue(one)

    def bound(self, key):
        return next(((info, pod) for info in self.world.nodes for pod in info.pods if key_of(pod) == key), (None, None))

    def update_pod(self, after):
        key = key_of(after)
        info, before = self.bound(key)
        if before is not None:
            after = after | {"spec": after["spec"] | {"nodeName": info.name}}
            info.remove(before)
            info.add(after)
            for aspect in changed_aspects(before, after):
                self.tell("assigned", aspect, before, after)
        elif key in self.waiting:
            one = self.waiting[key]
            before, one.pod = one.pod, after
            for aspect in changed_aspects(before, after):
                if one.place == "pool" and self.is_woken(one, "own", aspect, before, after):
                    self.requeue(one)

    def delete_pod(self, key):
        info, pod = self.bound(key)
        self.waiting.pop(key, None)
        if pod is not None:
            info.remove(pod)
            self.tell("assigned", "delete", pod, None)

    def update_node(self, after):
        info = self.world.node(name_of(after))
        if info is None:
            return
        before = info.node
        fresh = PlainNode(after, info.pods)
        self.world.nodes[self.world.nodes.index(info)] = fresh
        aspects = ["taints"] if spec_of(before).get("unschedulable") and not spec_of(after).get("unschedulable") else []
        for aspect, of in (
            ("allocatable", lambda n: status_of(n).get("allocatable") or {}),
            ("labels", labels_of),
            ("taints", lambda n: spec_of(n).get("taints") or []),
        ):
            if of(before) != of(after):
                aspects.append(aspect)
        for aspect in aspects:
            self.tell("node", aspect, before, after)

    def snapshot(self):
        def found(*places):
            return sorted(key for key, one in self.waiting.items() if one.place in places)

        return {"at_ms": self.now, "active": found("active"), "backoff": found("backoff", "errors"), "unschedulable": found("pool")}


def changed_aspects(before, after):
    aspects = ["labels"] if labels_of(before) != labels_of(after) else []
    if any(name not in placed(after) or amount > placed(after)[name] for name, amount in placed(before).items()):
        aspects.append("requests")
    if spec_of(before).get("schedulingGates") and not spec_of(after).get("schedulingGates"):
        aspects.append("gates")
    if len(spec_of(before).get("tolerations") or ()) != len(spec_of(after).get("tolerations") or ()):
        aspects.append("tolerations")
    return aspects


def expected_timeline(scenario):
    timeline = Timeline(scenario)
    for event in scenario["events"]:
        timeline.advance(event["at_ms"])
        timeline.apply(event)
        timeline.schedule()
        timeline.queues.append(timeline.snapshot())
    timeline.advance(scenario["end_ms"])
    timeline.queues.append(timeline.snapshot())
    return {"attempts": timeline.attempts, "queues": timeline.queues}
