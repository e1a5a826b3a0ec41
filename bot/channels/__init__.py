"""One file or folder per network: markup into its form, its events into ours. No rules here."""
