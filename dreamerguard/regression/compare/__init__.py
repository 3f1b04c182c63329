"""Two sides: candidate seeds against baseline seeds, over tasks."""
