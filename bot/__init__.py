"""What talks: everything that a person can write or read."""
