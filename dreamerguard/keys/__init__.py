"""What keys a dialect knows: type, range, unit and meaning of each."""
