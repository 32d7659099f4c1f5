"""Made-up tables of each source in the number and shape of the real ones."""
