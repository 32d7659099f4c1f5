"""one-table: pictures with labels, from one table with a row a picture."""
