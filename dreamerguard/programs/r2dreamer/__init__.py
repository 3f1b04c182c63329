"""NM512/r2dreamer and its forks."""
