"""From a sweep file to the runs of a sweep: every combination linted, with its cost."""
