"""One module per command. Each keeps its heavy imports inside its function, so that the others start quickly."""
