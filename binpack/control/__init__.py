"""The cluster's other parts, one room a component, as in the Kubernetes architecture diagram."""
