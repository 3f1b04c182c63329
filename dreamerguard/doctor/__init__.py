"""Examines a machine before a run: packages, devices, rendering, memory, disk, folders, locks, limits and clock.

Each check works on the real thing: it renders a frame, takes a lock from two processes, writes and syncs a file. All
that needs JAX, MuJoCo or OpenGL runs in child processes with a time limit (`probes/`), because these libraries may
hang, end the process or choose a device for its whole life. A check that cannot be made is reported as "not checked".
"""
