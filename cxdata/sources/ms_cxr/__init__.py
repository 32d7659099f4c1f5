"""MS-CXR: phrases of reports, and the boxes that radiologists drew for them on pictures of MIMIC-CXR."""
