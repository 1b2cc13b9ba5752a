"""An application that somebody else submitted: which one, how it stands, what it has lost."""
