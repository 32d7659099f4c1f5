"""COVIDx CXR-3: COVID-19 or not, on pictures gathered from nine collections."""
