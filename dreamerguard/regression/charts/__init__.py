"""Draws charts and writes the HTML report: SVG, HTML, PNG, and braille characters for terminals."""
