"""What is known about models: the catalogue and its profiles."""
