"""From facets and tasks to checked, resumable Parquet shards."""
