"""What is drawn: rows by name, their laws as inverse tables, and the readable twin of the draws."""
