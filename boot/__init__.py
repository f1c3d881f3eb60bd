"""Joins every package: settings, wiring, set-up and which surface to start."""
