"""Days of our own making; `make_profiles.py` wrote them."""
