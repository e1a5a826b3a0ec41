"""Weekly digests: made (``runner``) and put into words (``telling``); the rules are in ``knowledge_base.digests``."""
