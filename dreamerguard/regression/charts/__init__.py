"""Drawings and the HTML page: SVG, HTML, PNG, and braille for terminals."""
