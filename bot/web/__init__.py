"""The few pages: health, metrics; later those that people reach from a mail."""
