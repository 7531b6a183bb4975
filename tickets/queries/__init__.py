"""What the pages of a ticket show, read in a number of statements that does not grow with the rows."""
