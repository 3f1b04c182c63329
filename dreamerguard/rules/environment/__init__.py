"""DG8xx: the environment, as the environment probe sees it (``lint --probe``)."""
