"""Kills every process of the box and crashes every thread of its core, at power, at random moments."""
