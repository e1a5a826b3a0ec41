"""Contacts of municipalities: who claims a role, which towns are invited, what is still true."""
