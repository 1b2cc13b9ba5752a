"""Extra links of tasks: they say which XCom holds an address."""
