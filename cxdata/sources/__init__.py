"""One folder per source: manifest.yaml (facts), reader.py (behaviour), phantom.py (a synthetic copy), NOTES.md (quirks)."""
