"""Text to values with positions. Nothing here knows what a key means."""
