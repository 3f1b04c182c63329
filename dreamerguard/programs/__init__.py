"""One folder per training program, behind one interface, see ``interface.Program``; ``registry`` lists them."""
