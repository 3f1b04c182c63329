"""Python files as text: a bounded index of a checkout by syntax trees. Nothing is executed or imported."""
