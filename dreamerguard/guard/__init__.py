"""Guards a training command: lints it, runs it, watches its log, stops it when asked to."""
