"""Engines that start the runs of a sweep: this machine, Ray, or Slurm."""
