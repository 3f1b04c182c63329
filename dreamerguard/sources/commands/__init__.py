"""Finds the commands in files: scripts, Makefiles, Markdown, notebooks, structured files."""
