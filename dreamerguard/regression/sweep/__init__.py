"""Judges the runs of a sweep together: which combinations are hopeless, and which one wins. Plain Python."""
