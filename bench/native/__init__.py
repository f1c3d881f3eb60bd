"""Roost's own model server beside two others, with one model of random weights, in one run.

a conversation ─▶ contender (its process, its CPU clock) ─▶ first text, tokens, CPU time ─▶ tables
"""
