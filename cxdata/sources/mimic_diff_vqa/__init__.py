"""MIMIC-Diff-VQA: questions about MIMIC-CXR, and about what has changed between two studies of a patient."""
