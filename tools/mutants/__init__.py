"""Are the tests of the safety code sharp? Breaks the code in one place at a time and looks whether a test notices."""
