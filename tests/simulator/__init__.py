"""The pretend site."""
