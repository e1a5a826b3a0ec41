"""The rules of introductions: the state machine (``machine``), its values, and rate limits (``limits``). Pure."""
