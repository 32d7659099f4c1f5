"""Stage folders as a trainer reads them: rows, their pictures, and what a prompt is made of."""
