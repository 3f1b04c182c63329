"""Code that several training programs share: reading a Python command, preset files, key tables."""
