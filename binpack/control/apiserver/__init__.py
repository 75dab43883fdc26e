"""Objects, resourceVersions and watches (kube-apiserver and etcd)."""
