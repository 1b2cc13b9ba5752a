"""An application that another system submitted: its identity, its state, its lost executors."""
