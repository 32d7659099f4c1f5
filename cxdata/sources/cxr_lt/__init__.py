"""CXR-LT: long-tailed labels (26, 40 or 45) on the pictures of MIMIC-CXR-JPG."""
