"""What the model is told: chats, by its own template, as tokens."""
