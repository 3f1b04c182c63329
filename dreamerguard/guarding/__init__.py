"""What `dreamerguard.guard` is made of: the child process, its terminal and signals, its log, and who watches it."""
