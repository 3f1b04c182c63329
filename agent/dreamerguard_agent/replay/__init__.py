"""The replay: records on the device, sampling on the host, and the number of updates that are due."""
