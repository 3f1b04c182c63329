"""Messages about runs through apprise: one process for each message, so that a channel cannot hurt a run."""
