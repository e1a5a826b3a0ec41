"""Questions to projects: words, vectors and their fusion. Import from the module that you need."""
