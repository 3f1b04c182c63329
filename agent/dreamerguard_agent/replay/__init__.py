"""The replay: records on the device, in host memory or on disk; sampling; and the number of updates that are due."""
