"""The virtual clock, the event heap, random streams and the simulation itself."""
