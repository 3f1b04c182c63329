"""A package, so that no `tests` package of an installed library hides it (opensimplex 0.4.5.1 installs one)."""
