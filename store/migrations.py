"""The form of `roost.sqlite`: all its migrations, oldest first."""

from store.database import Migration
from store.facts import FACTS
from store.search.index import HybridIndex

FACTS_INDEX = HybridIndex("facts")
MIGRATIONS = (FACTS, Migration(name="index of facts", statements=FACTS_INDEX.statements))
