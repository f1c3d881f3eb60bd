"""`roost serve`: which model, from where, with which engine, and then its server."""
