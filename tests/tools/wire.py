#!/usr/bin/env python3
"""Network namespaces joined by a line on which packets are late and lost.

    wire.py SITES DELAY_MS LOSS SEED

Each site has a namespace of its own, and in it a TUN device; one more is here, for whoever drives the sites. This program
is what all of them are plugged into: it takes every IPv4 packet and writes it out where its destination is. Between two
sites a packet takes DELAY_MS, and is dropped with the probability LOSS, drawn from a generator with the seed SEED; between
a site and the driver it passes at once. `tc netem` would do the first half better, but many kernels are built without it,
and TUN is nearly everywhere. It needs root, and `ip`.

First it prints a line of JSON: `driver`, the address here; `sites`, for each `address`, and `namespace`, a file for
`nsenter --net=`. Then for each line on its standard input one with what has passed so far: `sent`, `dropped`, `late_ms` (by
how much the latest packet was too late), `pairs` (packets from one site to another).

It ends with its standard input, and nothing is left then: devices and namespaces have no names, they exist as long as
somebody holds them open. If it may not make them, it says why and exits with 3.
"""

import ctypes
import fcntl
import heapq
import ipaddress
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000  # <sched.h>
TUNSETIFF = 0x400454CA  # <linux/if_tun.h>
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
NOT_ALLOWED = 3
# What RFC 2544 keeps for tests of networks: nobody else has addresses in it.
NETWORKS = list(ipaddress.ip_network("198.18.0.0/15").subnets(new_prefix=24))
DRIVER = 254
# A packet as the devices have them.
LONGEST = 1500
# More than all windows of the connections that tests make hold; a line has an end.
MOST_WAITING = 20_000


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def tun(address):
    """A TUN device with an address in the present namespace. It goes when it is closed."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", b"wire%d", IFF_TUN | IFF_NO_PI)
    name = fcntl.ioctl(device, TUNSETIFF, request)[:16].rstrip(b"\0").decode()
    ip("address", "add", f"{address}/24", "dev", name)
    ip("link", "set", name, "up")
    return device


def new_namespace():
    """Moves this thread into a new namespace; a file that keeps it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"no network namespace can be made: {os.strerror(code)}")
    ip("link", "set", "lo", "up")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def free_network():
    """One in which no device here has an address."""
    taken = subprocess.run(["ip", "-4", "-o", "address"], check=True, capture_output=True, text=True).stdout
    start = os.getpid() % len(NETWORKS)
    for network in NETWORKS[start:] + NETWORKS[:start]:
        if f" {network[DRIVER]}/" not in taken:
            return network
    raise OSError("no network is free")


class Wire:
    """The devices, and the packets between them."""

    def __init__(self, sites, delay, loss, seed):
        self.delay, self.loss, self.random = delay, loss, random.Random(seed)
        network = free_network()
        self.device_of, self.address_of = {}, {}
        self.plug(network[DRIVER])
        self.driver = network[DRIVER]
        self.sites = []
        for number in range(1, sites + 1):
            namespace = new_namespace()
            self.plug(network[number])
            file = f"/proc/{os.getpid()}/fd/{namespace}"
            self.sites.append({"address": str(network[number]), "namespace": file})
        self.waiting, self.order = [], 0
        self.sent = self.dropped = 0
        self.late = 0.0
        self.pairs = {}

    def plug(self, address):
        device = tun(address)
        self.device_of[address.packed], self.address_of[device] = device, address

    def take(self, device, now):
        """Takes what has come out of a device."""
        while True:
            try:
                packet = os.read(device, LONGEST)
            except BlockingIOError:
                return
            target = self.device_of.get(packet[16:20]) if packet[0] >> 4 == 4 else None
            if target is None:
                continue  # IPv6, or to nobody
            ends = self.address_of[device], self.address_of[target]
            if self.driver in ends:
                self.put(target, packet)
                continue
            pair = f"{ends[0]} {ends[1]}"
            self.pairs[pair] = self.pairs.get(pair, 0) + 1
            self.sent += 1
            if self.random.random() < self.loss or len(self.waiting) >= MOST_WAITING:
                self.dropped += 1
                continue
            self.order += 1
            heapq.heappush(self.waiting, (now + self.delay, self.order, target, packet))

    @staticmethod
    def put(device, packet):
        try:
            os.write(device, packet)
        except BlockingIOError:
            pass  # the queue of the device is full: lost, as on any line

    def run(self):
        """Until the standard input ends."""
        poll = select.poll()
        for source in [0, *self.address_of]:
            poll.register(source, select.POLLIN)
        while True:
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                due, _, target, packet = heapq.heappop(self.waiting)
                self.late = max(self.late, now - due)
                self.put(target, packet)
            left = max(0.0, self.waiting[0][0] - now) * 1000 if self.waiting else None
            # A whole millisecond earlier, because poll takes no parts of one; the rest is waited for in turns.
            for source, _ in poll.poll(left if left is None else int(left)):
                if source == 0:
                    asked = os.read(0, 4096)
                    if not asked:
                        return
                    for _ in range(asked.count(b"\n")):
                        self.tell()
                else:
                    self.take(source, time.monotonic())

    def tell(self):
        counts = {"sent": self.sent, "dropped": self.dropped, "late_ms": 1000 * self.late, "pairs": self.pairs}
        print(json.dumps(counts), flush=True)


def main():
    sites, delay_ms, loss, seed = sys.argv[1:]
    try:
        wire = Wire(int(sites), float(delay_ms) / 1000, float(loss), int(seed))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"wire.py: {error}", file=sys.stderr)
        sys.exit(NOT_ALLOWED)
    print(json.dumps({"driver": str(wire.driver), "sites": wire.sites}), flush=True)
    wire.run()


if __name__ == "__main__":
    main()
