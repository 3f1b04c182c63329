"""``lint --probe``: makes the environment of a run, plays it, and tells the rules what it is like."""
