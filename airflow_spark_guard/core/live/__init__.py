"""What an attempt and the live page write for each other into the record."""
