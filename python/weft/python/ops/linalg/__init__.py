"""Linear operators: matrices by what they are made of."""
