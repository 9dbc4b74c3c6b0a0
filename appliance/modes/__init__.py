"""Control modes: one file each. A file without a leading underscore is a mode of that name."""
