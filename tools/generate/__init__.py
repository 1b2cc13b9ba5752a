"""What is generated into the repository: tables, pages and recordings."""
