"""One run of a sweep as a process: the worker that runs it, its lock, and the files by which it reports its end."""
