"""MIMIC-CXR: the images, tables and labels of MIMIC-CXR-JPG with the reports of MIMIC-CXR."""
