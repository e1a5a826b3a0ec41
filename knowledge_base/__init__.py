"""The knowledge of the bot: projects, municipalities, topics, contacts, and the search over them. No chat in here."""
