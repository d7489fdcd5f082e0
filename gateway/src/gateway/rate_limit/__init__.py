"""How often one may try: attempts held in PostgreSQL, and buckets in memory."""
