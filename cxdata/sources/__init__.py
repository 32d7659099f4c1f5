"""One folder a source: manifest.yaml (facts), reader.py (behaviour), phantom.py (synthetic copy), NOTES.md (quirks)."""
