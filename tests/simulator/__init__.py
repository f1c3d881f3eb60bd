"""Weak models: they know what is to be done in a small repository, and err on the way.

task ──► right next step ──► mistake? ──► pieces of a reply ──► the real rings, loop, policies and tools
                ▲                                                            │
                └───────────── what the conversation tells ◄─────────────────┘
"""
