"""What the bot knows: projects, municipalities, topics, contacts, and the search over them. No chat in here."""
