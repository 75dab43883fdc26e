"""Kubernetes objects as frozen structs: decoding, defaulting, quantities, selectors."""
