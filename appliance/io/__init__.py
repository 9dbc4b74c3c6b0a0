"""Everything that touches the world outside: buses, drivers, servers."""
