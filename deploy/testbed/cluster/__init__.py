"""A Kubernetes node of this machine's own: the control plane, one node, and our overlay on it."""
