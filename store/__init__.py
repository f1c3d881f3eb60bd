"""What is kept: the log of every session, and how to find one again."""
