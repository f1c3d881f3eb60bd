"""What the agent can do: tools, and the registry that offers them."""
