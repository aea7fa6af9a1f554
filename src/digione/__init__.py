"""DigiOne: an open national service platform for learning and well-being."""
