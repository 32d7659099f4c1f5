"""Pictures: what a file on disk holds, without trusting its table."""
