"""The thread that owns the model, and all that it needs for the next token of every reply.

loading ─▶ engine ─▶ worker ─┬─▶ schedule, pace     which drafts bring which pieces to the step
                             ├─▶ conversations      what was read before
                             ├─▶ packing, decoding, whole     ways to run the pieces through the model
                             └─▶ drafts, writing    logits ─▶ sampling ─▶ detokenising ─▶ stopping
"""
