"""One folder per training program, behind one interface, see ``base.Program``; ``registry`` lists them."""
