"""Text to vectors: the port and its engines. Import from the module that you need."""
