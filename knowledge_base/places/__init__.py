"""Places: their names, keys and coordinates, and where a text names them. Import from the module that you need."""
