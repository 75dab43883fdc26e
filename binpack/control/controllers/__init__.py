"""kube-controller-manager: one file a controller, named as in Kubernetes."""
