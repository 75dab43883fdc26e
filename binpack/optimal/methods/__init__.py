"""Methods: each takes a problem and a limit and gives placements, some of them bounds too."""
