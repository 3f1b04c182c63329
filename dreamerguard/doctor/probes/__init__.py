"""Programs that run in child processes. Each prints one line with its answer; see `dreamerguard.doctor.child`."""
