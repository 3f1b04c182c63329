"""DG9xx: suppressions: comments that accept findings, and the baseline."""
