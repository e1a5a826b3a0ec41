"""One file or folder per network: its adapter, which renders messages and reads events. No rules here."""
