"""Guards a training command: lints it, runs it, watches its log, and stops it on request."""
