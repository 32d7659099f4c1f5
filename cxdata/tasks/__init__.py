"""One file per family of questions; a task sees facet tables and knows no dataset, file or trainer."""
