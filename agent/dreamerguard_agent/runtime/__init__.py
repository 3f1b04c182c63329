"""What a run needs besides the algorithm: device, compiled functions, checkpoints, logs, memory."""
