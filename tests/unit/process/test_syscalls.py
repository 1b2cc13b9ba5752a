"""The tables of system calls, and which descriptors count."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from airflow_spark_guard.process import syscalls
from airflow_spark_guard.process.syscalls import Call, Descriptors
from tests.support.traced import until

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")


@pytest.fixture
def own():
    """The descriptors of this process."""
    return Descriptors(os.getpid())


@pytest.fixture
def descriptors():
    """Descriptors that a test opens; closed at its end."""
    opened = []
    yield opened
    for descriptor in opened:
        os.close(descriptor)


@pytest.mark.skipif(not HEADER.exists(), reason="no kernel headers of x86_64 here")
def test_the_numbers_are_the_kernels():
    """Of x86_64; those of aarch64 come from asm-generic/unistd.h, and seven of them stand in the next test."""
    numbers = {
        name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text())
    }
    known = syscalls.table("x86_64").calls
    assert {name: number for number, (name, _) in known.items()} == {
        name: numbers[name] for name, _ in known.values()
    }


def test_each_machine_has_its_own_numbers():
    """The same calls under both; another machine is not known."""
    first, second = syscalls.table("x86_64"), syscalls.table("aarch64")
    assert sorted(first.calls.values()) == sorted(second.calls.values())
    numbers = (63, 64, 71, 203, 206, 207, 285)
    assert [second.calls[number][0] for number in numbers] == [
        "read", "write", "sendfile", "connect", "sendto", "recvfrom", "copy_file_range",
    ]  # fmt: skip
    assert syscalls.table("riscv64") is None


def test_the_descriptors_of_a_call_are_ints():
    """The upper half of a register may hold anything."""
    known = syscalls.table("x86_64")
    assert syscalls.entered(known, 275, (0xDEAD00000005, 1, 6, 2, 3, 4)) == Call("splice", (5, 6))
    assert syscalls.entered(known, 230, (5, 1, 6, 2, 3, 4)) is None


def test_nothing_moved_is_no_movement(own):
    """End of file, an error, and what goes to standard output."""
    assert not own.moves(Call("read", (99,)), 0)
    assert not own.moves(Call("read", (99,)), -11)
    assert not own.moves(Call("write", (1,)), 8)
    assert not own.moves(Call("sendfile", (1, 99)), 8)
    # What was closed meanwhile cannot be looked at: it counts, since a healthy job must never be ended.
    assert own.moves(Call("read", (4000,)), 1)


def test_files_count_and_looks_at_this_machine_do_not(own, descriptors, tmp_path):
    """Neither /proc nor the null device is a service."""
    descriptors += [
        os.open(tmp_path / "data", os.O_CREAT),
        os.open("/proc/self/stat", 0),
        os.open("/dev/null", 0),
    ]
    assert [own.moves(Call("read", (descriptor,)), 1) for descriptor in descriptors] == [True, False, False]


def test_a_pipe_counts_unless_both_ends_are_the_processes_own(own, descriptors):
    """A pipe to itself wakes a thread; one to a child, or of which one end is closed, brings something in."""
    alone, half, shared = os.pipe(), os.pipe(), os.pipe()
    os.close(half[1])
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        for descriptor in (*alone, half[0], writing):
            os.close(descriptor)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    descriptors += [*alone, half[0], *shared]
    end = Call("read", (shared[0],))
    try:
        assert own.moves(end, 9)
        assert own.moves(Call("read", (half[0],)), 9)
        until(lambda: not Descriptors(os.getpid()).moves(Call("write", (alone[1],)), 9))
    finally:
        os.close(writing)
        os.waitpid(child, 0)
    assert not Descriptors(os.getpid()).moves(end, 9)


def test_one_byte_through_a_local_socket_is_a_wake_up(own):
    """An event loop wakes itself so; two bytes, or one over the network, are traffic."""
    first, second = socket.socketpair()
    network = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with first, second, network:
        assert not own.moves(Call("sendto", (first.fileno(),)), 1)
        assert own.moves(Call("sendto", (first.fileno(),)), 2)
        assert own.moves(Call("sendto", (network.fileno(),)), 1)


def test_an_attempt_to_connect_to_the_network_counts(own):
    """Also when it is refused; one to a local socket does not."""
    local, network = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET)
    with local, network:
        for result in (0, -111, -115):
            assert own.moves(Call("connect", (network.fileno(),)), result)
        # An unbound socket stands in no table, so this one is bound.
        local.bind("")
        assert not own.moves(Call("connect", (local.fileno(),)), 0)


def test_what_cannot_be_read_counts(own, monkeypatch):
    """Without a table of local sockets, one byte may be anybody's."""
    first, second = socket.socketpair()
    with first, second:
        real = open
        monkeypatch.setattr(
            "builtins.open", lambda path, *a: real("/nowhere/unix" if "net/unix" in str(path) else path, *a)
        )
        assert own.moves(Call("sendto", (first.fileno(),)), 1)


def test_the_size_of_a_call_is_never_too_small():
    """Some calls return a number of messages; one that failed has moved nothing."""
    assert syscalls.size(Call("sendto", (3,)), 50) == 50
    assert syscalls.size(Call("sendmmsg", (3,)), 2) == 3000
    assert syscalls.size(Call("io_uring_enter", (3,)), 1) == 65536
    assert syscalls.size(Call("connect", (3,)), -111) == 0
