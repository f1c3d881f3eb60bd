"""What is kept: session logs and the database."""
