"""danijar/dreamerv3 in its three editions, and its forks."""
