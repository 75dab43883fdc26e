"""One file a plugin, named as in Kubernetes."""
