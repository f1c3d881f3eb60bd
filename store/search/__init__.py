"""Search by words and by meaning, for whatever is kept in SQLite.

index ─┬─► full_text    words, in an FTS5 table
       ├─► vectors      one for each text and model, in a table
       └─► nearest      those most like a query: numpy, with a derived file of signs beside large tables
"""
