"""Feeds damaged input to every parser and keeps what makes one fail.

    python -m benchmarks.fuzz                            # names of the targets
    python -m benchmarks.fuzz json-lines --minutes 10    # exit code 1 if anything failed
    python -m benchmarks.fuzz all --minutes 1 --out FOLDER

A target is one function that takes bytes; see `targets`. An input fails if the function raises, takes more processor
time or memory than the bounds, or ends the process. Failures are told apart by the place that raised, made smaller and
stored. Inputs are mutations of examples; an input whose outcome is new is mutated further.
"""
