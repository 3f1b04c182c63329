"""Ways to run environments side by side: in this thread, in threads, in worker processes."""
