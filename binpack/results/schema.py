"""The tables that a simulation gives. Times are virtual, in microseconds since the run's start."""

from __future__ import annotations

from binpack.results.tables import Column, TableSchema

PODS = TableSchema(
    "pods",
    1,
    (
        Column("namespace", "string", "the pod's namespace"),
        Column("pod", "string", "the pod's name"),
        Column("uid", "string", "tells pods of one name apart"),
        Column("owner_kind", "string", "the kind of its controller; missing for a bare pod"),
        Column("owner", "string", "the name of its controller"),
        Column("priority", "int64", "its priority"),
        Column("cpu_requested_millicores", "int64", "what it asks for"),
        Column("memory_requested_bytes", "int64", "what it asks for"),
        Column("node", "string", "where it was bound; missing if it never was"),
        Column("phase", "string", "its last phase"),
        Column("created_us", "int64", "when it appeared; never missing"),
        Column("scheduled_us", "int64", "when it was bound"),
        Column("started_us", "int64", "when it first ran"),
        Column("ready_us", "int64", "when it was first Ready"),
        Column("finished_us", "int64", "when its last container had ended for good"),
        Column("deleted_us", "int64", "when the object was removed"),
        Column("waiting_us", "int64", "from its creation to its binding"),
    ),
)

CLUSTER = TableSchema(
    "cluster",
    1,
    (
        Column("time_us", "int64", "when the values below began to hold; they hold until the next row"),
        Column("nodes_count", "int64", "Node objects"),
        Column("nodes_ready_count", "int64", "of them Ready"),
        Column("nodes_in_use_count", "int64", "of them with at least one bound pod that has not ended"),
        Column("pods_pending_count", "int64", "pods without a node"),
        Column("pods_bound_count", "int64", "pods with a node that have not ended"),
        Column("pods_running_count", "int64", "of them in phase Running"),
        Column("pods_ready_count", "int64", "bound pods whose condition Ready is True"),
        Column("cpu_allocatable_millicores", "int64", "over all nodes"),
        Column("cpu_requested_millicores", "int64", "over all bound pods that have not ended"),
        Column("memory_allocatable_bytes", "int64", "over all nodes"),
        Column("memory_requested_bytes", "int64", "over all bound pods that have not ended"),
    ),
)

NODES = TableSchema(
    "nodes",
    1,
    (
        Column("time_us", "int64", "the instant of the sample"),
        Column("node", "string", "the node's name"),
        Column("ready", "bool", "its condition Ready"),
        Column("unschedulable", "bool", "cordoned"),
        Column("pods_count", "int64", "bound pods that have not ended"),
        Column("cpu_allocatable_millicores", "int64", "what pods may ask for"),
        Column("cpu_requested_millicores", "int64", "what its pods ask for"),
        Column("memory_allocatable_bytes", "int64", "what pods may ask for"),
        Column("memory_requested_bytes", "int64", "what its pods ask for"),
    ),
)

REPLAYED_PODS = TableSchema(
    "replayed_pods",
    1,
    (
        Column("namespace", "string", "of both pods"),
        Column("owner_kind", "string", "the kind of the workload that both belong to; missing for a bare pod"),
        Column("owner", "string", "its name"),
        Column("recorded_pod", "string", "the recorded pod; missing where only the replay has one"),
        Column("replayed_pod", "string", "the pod of the replay that stands for it; missing where there is none"),
        Column("recorded_node", "string", "where the recorded cluster bound it; missing if it never did"),
        Column("replayed_node", "string", "where the replay bound it; missing if it never did"),
        Column("same_node", "bool", "both were bound, to one node"),
        Column("bound_before", "bool", "it had its node before the recording began: no scheduler decided here"),
        Column("recorded_created_us", "int64", "when the recorded pod appeared, since the recording's start"),
        Column("replayed_created_us", "int64", "when the pod of the replay appeared"),
        Column("recorded_waiting_us", "int64", "from creation to binding, recorded"),
        Column("replayed_waiting_us", "int64", "from creation to binding, replayed"),
    ),
)
