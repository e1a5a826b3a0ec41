"""The command line: one file per group of commands. ``run_bot.py`` puts them together."""
