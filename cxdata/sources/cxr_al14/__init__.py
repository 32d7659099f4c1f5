"""CXR-AL14: pictures of Chinese hospitals with boxes of fourteen abnormalities and devices."""
