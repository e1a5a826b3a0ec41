"""One folder for each thing that people can do: chat, job and messages of it together.

A feature is an async function that does its slow work first (searching) and returns an ``Act``: what it stores and
says, in the one transaction that also marks the message as handled. A feature never sends: it returns a ``Say`` to the
user who wrote; for other people it stores a notice in that transaction.
"""
