"""The commands beside the chat and `-p`: a table of them, and one module each."""
