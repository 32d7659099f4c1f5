"""Questions about OpenI's pictures: a source that stands on another."""
