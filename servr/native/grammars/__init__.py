"""What replies are held to: schemas and calls, as masks over the next token."""
