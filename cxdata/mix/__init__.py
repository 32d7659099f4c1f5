"""Stage folders from builds: patients and splits over all sources, near-duplicate pictures."""
