"""Introductions: what may happen (``machine``), the values of it, and how many there may be (``limits``). Pure."""
