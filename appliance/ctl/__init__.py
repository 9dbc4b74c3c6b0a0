"""`appliance ctl`: asks a running box, reads what it remembers, tests it by hand."""
