"""What runs on a node: the kubelet."""
