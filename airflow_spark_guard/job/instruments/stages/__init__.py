"""What stages have cost, and the line of the script that caused them."""
