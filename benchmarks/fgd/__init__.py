"""The experiment of "Beware of Fragmentation" (Weng et al., USENIX ATC 2023): its runs, its metrics, its published results beside ours."""
