"""The turn: the loop, the policies it asks, and what is said to the model."""
