"""DG9xx: the linter's own control: comments that accept findings, and the baseline."""
