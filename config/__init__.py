"""Settings and logging of the bot. Imports nothing of the product."""
