"""Extra links of tasks, each with the XCom that holds its address."""
