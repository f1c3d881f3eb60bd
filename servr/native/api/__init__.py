"""What clients see: pages, fields, refusals, answers and streams; no torch.

serving ─▶ guard ─▶ app ─▶ bodies ─▶ pages ─┬─▶ fields, messages, wanted    what is asked
                                            └─▶ replying ─┬─▶ telling ─▶ course ─▶ answers, usage
                                                          └─▶ errors    what is answered
"""
