"""VinDr-CXR: pictures of two hospitals in Hanoi, read by radiologists who labelled and boxed what they saw."""
