"""Surfaces that show the events of a turn: terminal, JSON lines, servers."""
