"""How the bot is set up: settings and logging. Imports nothing of the product."""
