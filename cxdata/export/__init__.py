"""Shapes in which trainers take the rows of a stage folder, and the recipe beside them."""
