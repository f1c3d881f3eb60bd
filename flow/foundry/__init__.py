"""Looks through past sessions for work that came back, and drafts skills of it, for a person to accept.

records ─▶ deeds ─┬─ functions written anew ────▶ a function, with the calls that were made as examples
                  ├─ code with other values ────▶ a function whose parameters are those values
                  └─ commands in one order ─────▶ a SKILL.md with its steps
"""
