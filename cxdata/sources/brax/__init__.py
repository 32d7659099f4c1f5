"""BRAX: 40,967 radiographs of one Brazilian hospital, with CheXpert's fourteen labels from Portuguese reports."""
