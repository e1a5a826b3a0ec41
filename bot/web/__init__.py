"""The web pages: health, metrics, and the pages that people reach by a link."""
