"""MIMIC-NLE: sentences of reports that explain a diagnosis."""
