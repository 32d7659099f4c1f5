"""Looking at what is there: downloads (doctor), builds (validate, stats, explain)."""
