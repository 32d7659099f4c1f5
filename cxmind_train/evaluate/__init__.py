"""Evaluation: answers of a model over whole sets, what they are worth, and what they would be without the picture."""
