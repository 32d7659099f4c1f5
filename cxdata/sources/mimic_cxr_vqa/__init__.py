"""MIMIC-CXR-VQA: questions made from templates about the pictures of MIMIC-CXR."""
