"""Rad-ReStruct: OpenI's reports as one questionnaire, asked from the area to the finding to its attributes."""
