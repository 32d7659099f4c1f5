"""MS-CXR-T: how five findings go on between two pictures of MIMIC-CXR, and pairs of sentences about it. For tests."""
