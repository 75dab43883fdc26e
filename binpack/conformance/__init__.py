"""Runs recorded decisions of kube-scheduler and counts agreement."""
