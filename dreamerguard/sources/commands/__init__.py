"""Which commands a file holds: scripts, Makefiles, Markdown, notebooks, structured files."""
