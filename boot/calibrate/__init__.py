"""`roost calibrate`: an exam for one model on one server, and what later sessions learn from it.

command ─► exam ─► checks ─► examinee ─► way to the model, and turns in a folder of their own
             │        └────► grading     what it did, as a verdict; pure
             └─► kept                    a file for each model and server, which `boot/wiring` reads
"""
