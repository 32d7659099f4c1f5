"""ChestX-ray14 of the NIH Clinical Center: frontal pictures, labels mined from reports, boxes of a part of the test."""
