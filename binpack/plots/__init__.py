"""One function a figure: takes a DataFrame, returns a matplotlib Figure."""
