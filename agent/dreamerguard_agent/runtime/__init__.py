"""The run around the algorithm: device, compiled functions, checkpoints, logs, memory."""
