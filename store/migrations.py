"""The form of `roost.sqlite`: all its migrations, oldest first.

What was released is never changed, only followed by another; so the statements stand here word by word,
whoever they are for. A session that begins reads the names alone.
"""

from store.database import Migration

FACTS = Migration(
    name="facts",
    statements=(
        "CREATE TABLE projects (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE) STRICT",
        "INSERT INTO projects VALUES (0, '')",
        """CREATE TABLE facts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            text TEXT NOT NULL,
            project INTEGER NOT NULL REFERENCES projects (id),
            folded TEXT NOT NULL,
            subject TEXT NOT NULL,
            source TEXT NOT NULL,
            session TEXT NOT NULL,
            said REAL NOT NULL,
            used REAL,
            uses INTEGER NOT NULL DEFAULT 0,
            standing REAL NOT NULL,
            replaced_by INTEGER REFERENCES facts (id)
        ) STRICT""",
        "CREATE UNIQUE INDEX facts_by_words ON facts (project, folded)",
        "CREATE INDEX facts_by_subject ON facts (project, subject)"
        " WHERE subject <> '' AND replaced_by IS NULL",
        "CREATE INDEX facts_by_standing ON facts (project, standing) WHERE replaced_by IS NULL",
        "CREATE INDEX facts_by_date ON facts (project, said) WHERE replaced_by IS NULL",
        "CREATE INDEX facts_by_successor ON facts (replaced_by) WHERE replaced_by IS NOT NULL",
    ),
)
INDEX_OF_FACTS = Migration(
    name="index of facts",
    statements=(
        """CREATE TABLE facts_texts (
            record INTEGER PRIMARY KEY, scope INTEGER NOT NULL, text TEXT NOT NULL
        ) STRICT""",
        "CREATE TABLE facts_scopes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        "CREATE TABLE facts_waiting (record INTEGER PRIMARY KEY) STRICT",
        "CREATE TABLE facts_wanted (model INTEGER NOT NULL) STRICT",
        "CREATE VIRTUAL TABLE facts_words USING fts5(words, tokenize = 'porter ascii')",
        """CREATE TABLE facts_models (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, dimensions INTEGER NOT NULL,
            UNIQUE (name, dimensions)
        ) STRICT""",
        """CREATE TABLE facts_vectors (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            record INTEGER NOT NULL, model INTEGER NOT NULL, scope INTEGER NOT NULL, halves BLOB NOT NULL
        ) STRICT""",
        "CREATE UNIQUE INDEX facts_vectors_of ON facts_vectors (record, model)",
        "CREATE INDEX facts_vectors_by ON facts_vectors (model, id, record, scope)",
    ),
)
MIGRATIONS = (FACTS, INDEX_OF_FACTS)
