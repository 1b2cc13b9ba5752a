"""Every decision of the package, as pure functions of plain values. Standard library only."""
