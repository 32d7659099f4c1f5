"""The folder that `cxdata new-source` lays out: a whole small source, under its new name."""
