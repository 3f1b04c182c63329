"""Judging runs by their scores, while they train and afterwards.

``watcher.Watcher`` follows one run and says how it does; ``compare.compare`` holds candidate seeds against baselines;
``verdict.judge`` and ``permutation.Test`` are the two rules; ``health.check_health`` needs no reference.
"""
