"""Ways to a model: gateways that stream its reply, each adding one concern."""
