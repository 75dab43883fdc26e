"""Filling a cluster: pods arrive one by one, each is placed for ever or dropped, and fragmentation is measured after every arrival."""
