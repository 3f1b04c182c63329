"""Compares candidate seeds with baseline seeds over one or more tasks."""
