"""A machine with the files and variables that a test gives it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FakeMachine:
    """As ``core/cluster/manager.Machine`` has it; files that are not text are the content of YAML.

    Attributes:
        files: by path.
        variables: of the environment.
        written: what was wanted as a file.
    """

    files: dict = field(default_factory=dict)
    variables: dict = field(default_factory=dict)
    written: list = field(default_factory=list)

    def variable(self, name):
        return self.variables.get(name, "")

    def path(self, name):
        return name.replace("~", "/of-the-user", 1)

    def exists(self, path):
        return path in self.files

    def text(self, path):
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def yaml(self, path):
        return self.text(path)

    def as_file(self, data):
        self.written.append(data)
        return f"/memory/{len(self.written)}"

    def kerberos_token(self, host):
        return f"token for {host}"
