"""Backups: ``create`` and ``restore``, the archive file, and tables as lines (``dump``)."""
