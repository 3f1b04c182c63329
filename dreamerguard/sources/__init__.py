"""Text to structure, with places: command lines, files, comments."""
