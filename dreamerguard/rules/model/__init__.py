"""DG4xx: model size against the task."""
