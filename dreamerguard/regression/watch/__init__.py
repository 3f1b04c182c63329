"""One run: follows its log and gives a verdict at every look."""
