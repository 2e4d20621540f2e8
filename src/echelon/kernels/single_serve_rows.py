"""Loops over runs in single precision that start kits, serve askers and count what comes of it."""

from __future__ import annotations

import numpy as np

from echelon.kernels._jit import jit_rows
from echelon.kernels.single_rows import NO_BIT, ROUNDING, ZERO, Bits, Singles, Span


@jit_rows
def serve_alone(
    n: int,
    span: Span,
    tolerance: np.float32,
    short: Singles,
    i: int,
    line: Singles,
    made: int,
    rows: Singles,
    due: int,
    sent: Singles,
    to: int,
    held: Singles,
    bits: Bits,
    first_bit: int,
    owed: Singles,
    missed: Singles,
    a: int,
    passes_on: bool,
) -> None:
    """Serve the only asker of a stage, who returns nothing, and count.

    A period that ends short sets its bit of ``bits[i]``, ``first_bit`` for the first of the span.
    Without ``passes_on``, which is written in the call, nobody reads what is sent.
    """
    for r in range(n):
        net = short[i, r]
        now = max(net, ZERO)
        stock, word = held[i, r], bits[i, r]
        waits, missing = owed[a, r], missed[a, r]
        for k in range(len(span)):
            was, wanted, goods = now, rows[due + k, r], line[made + k, r]
            net += wanted - goods
            net = net if abs(net) > ROUNDING * (wanted + goods) else ZERO
            now = max(net, ZERO)
            if passes_on:
                sent[to + k, r] = wanted + (was - now)
            stock += now - net
            waits += now
            missing += min(wanted, now)
            bit = np.uint32(first_bit << k) if now > tolerance else NO_BIT
            word = np.uint32(word | bit)  # or it would be as wide as an address
        short[i, r] = net
        held[i, r] = stock
        bits[i, r] = word
        owed[a, r] = waits
        missed[a, r] = missing


@jit_rows
def serve_and_take_back(
    n: int,
    span: Span,
    tolerance: np.float32,
    short: Singles,
    i: int,
    line: Singles,
    made: int,
    rows: Singles,
    total: int,
    asked: int,
    sent: Singles,
    to: int,
    held: Singles,
    bits: Bits,
    first_bit: int,
    owed: Singles,
    missed: Singles,
    a: int,
) -> None:
    """Do what :func:`serve_alone` does where the asker may return something; to the bit, if not.

    Row ``total`` has what is asked for less what is returned, row ``asked`` without returns.
    """
    for r in range(n):
        net = short[i, r]
        now = max(net, ZERO)
        stock, word = held[i, r], bits[i, r]
        waits, missing = owed[a, r], missed[a, r]
        for k in range(len(span)):
            was, wanted, goods = now, rows[asked + k, r], line[made + k, r]
            net += rows[total + k, r] - goods
            net = net if abs(net) > ROUNDING * (wanted + goods) else ZERO
            now = max(net, ZERO)
            sent[to + k, r] = wanted + (was - now)
            stock += now - net
            waits += now
            missing += min(wanted, now)
            bit = np.uint32(first_bit << k) if now > tolerance else NO_BIT
            word = np.uint32(word | bit)
        short[i, r] = net
        held[i, r] = stock
        bits[i, r] = word
        owed[a, r] = waits
        missed[a, r] = missing


@jit_rows
def serve_together(
    n: int,
    span: Span,
    tolerance: np.float32,
    short: Singles,
    i: int,
    line: Singles,
    made: int,
    rows: Singles,
    total: int,
    asked: int,
    ratio: Singles,
    first: int,
    held: Singles,
    bits: Bits,
    first_bit: int,
) -> np.uint32:
    """Count at a stage of several askers, and find the share of what is wanted that stays late.

    Row ``total`` has what all ask for, less what is returned, row ``asked`` without returns.

    Returns
    -------
    uint32
        0 if nothing stays late in any period of the span.
    """
    some = NO_BIT
    for r in range(n):
        net = short[i, r]
        now = max(net, ZERO)
        stock, word = held[i, r], bits[i, r]
        for k in range(len(span)):
            goods = line[made + k, r]
            wanted = now + rows[asked + k, r]
            net += rows[total + k, r] - goods
            net = net if abs(net) > ROUNDING * (wanted + goods) else ZERO
            now = max(net, ZERO)
            ratio[first + k, r] = now / wanted if now > ZERO else ZERO
            some = np.uint32(some | np.float32(now).view(np.uint32))
            stock += now - net
            bit = np.uint32(first_bit << k) if now > tolerance else NO_BIT
            word = np.uint32(word | bit)  # or it would be as wide as an address
        short[i, r] = net
        held[i, r] = stock
        bits[i, r] = word
    return some


@jit_rows
def serve_together_in_time(
    n: int,
    span: Span,
    tolerance: np.float32,
    short: Singles,
    i: int,
    line: Singles,
    made: int,
    rows: Singles,
    total: int,
    asked: int,
    late: Singles,
    first: int,
    held: Singles,
    bits: Bits,
    first_bit: int,
) -> np.uint32:
    """Count as :func:`serve_together` does where nothing is late before; find what is late then.

    To the bit, and without its divisions, of which :func:`shares_of_late` makes good what is
    needed.
    """
    some = NO_BIT
    for r in range(n):
        net, now = short[i, r], ZERO
        stock, word = held[i, r], bits[i, r]
        for k in range(len(span)):
            goods = line[made + k, r]
            wanted = now + rows[asked + k, r]
            net += rows[total + k, r] - goods
            net = net if abs(net) > ROUNDING * (wanted + goods) else ZERO
            now = max(net, ZERO)
            late[first + k, r] = now
            some = np.uint32(some | np.float32(now).view(np.uint32))
            stock += now - net
            bit = np.uint32(first_bit << k) if now > tolerance else NO_BIT
            word = np.uint32(word | bit)
        short[i, r] = net
        held[i, r] = stock
        bits[i, r] = word
    return some


@jit_rows
def shares_of_late(
    n: int, span: Span, late: Singles, first: int, rows: Singles, asked: int
) -> None:
    """Turn what is late, nothing before the span, into its share of what is wanted."""
    for r in range(n):
        was = ZERO
        for k in range(len(span)):
            wanted, now = was + rows[asked + k, r], late[first + k, r]
            late[first + k, r] = now / wanted if now > ZERO else ZERO
            was = now


@jit_rows
def serve_share(
    n: int,
    span: Span,
    late: Singles,
    a: int,
    rows: Singles,
    due: int,
    ratio: Singles,
    first: int,
    sent: Singles,
    to: int,
    owed: Singles,
    missed: Singles,
) -> None:
    """Serve one of several askers its share and count."""
    for r in range(n):
        now, waits, missing = late[a, r], owed[a, r], missed[a, r]
        for k in range(len(span)):
            due_now = rows[due + k, r]
            wanted = now + due_now
            now = wanted * ratio[first + k, r]
            sent[to + k, r] = wanted - now
            waits += now
            missing += min(due_now, now)
        late[a, r] = now
        owed[a, r] = waits
        missed[a, r] = missing


@jit_rows
def kits_of_two(
    n: int,
    span: Span,
    stock: Singles,
    x: int,
    line: Singles,
    x0: int,
    x1: int,
    to: Singles,
    s: int,
    waits: Singles,
) -> None:
    """Start kits of two components, counted in kits, and count what waits."""
    for r in range(n):
        first, second = stock[x, r], stock[x + 1, r]
        sum0, sum1 = waits[x, r], waits[x + 1, r]
        for k in range(len(span)):
            first += line[x0 + k, r]
            second += line[x1 + k, r]
            start = min(first, second)
            first -= start
            second -= start
            to[s + k, r] = start
            sum0 += first
            sum1 += second
        stock[x, r] = first
        stock[x + 1, r] = second
        waits[x, r] = sum0
        waits[x + 1, r] = sum1


@jit_rows
def kits_of_three(
    n: int,
    span: Span,
    stock: Singles,
    x: int,
    line: Singles,
    x0: int,
    x1: int,
    x2: int,
    to: Singles,
    s: int,
    waits: Singles,
) -> None:
    """Start kits of three components, counted in kits, and count what waits."""
    for r in range(n):
        first, second, third = stock[x, r], stock[x + 1, r], stock[x + 2, r]
        sum0, sum1, sum2 = waits[x, r], waits[x + 1, r], waits[x + 2, r]
        for k in range(len(span)):
            first += line[x0 + k, r]
            second += line[x1 + k, r]
            third += line[x2 + k, r]
            start = min(first, second, third)
            first -= start
            second -= start
            third -= start
            to[s + k, r] = start
            sum0 += first
            sum1 += second
            sum2 += third
        stock[x, r] = first
        stock[x + 1, r] = second
        stock[x + 2, r] = third
        waits[x, r] = sum0
        waits[x + 1, r] = sum1
        waits[x + 2, r] = sum2


@jit_rows
def with_returns(
    n: int, to: Singles, i: int, made: Singles, m: int, rows: Singles, asked: int, total: int
) -> None:
    """Row ``to[i] = made[m]`` and what comes back: what is asked for less that with returns."""
    for r in range(n):
        to[i, r] = made[m, r] + (rows[asked, r] - rows[total, r])


@jit_rows
def take_back(n: int, to: Singles, i: int, rows: Singles, asked: int, total: int) -> None:
    """Add to row ``to[i]`` what comes back; nothing of it changes where nothing does."""
    for r in range(n):
        to[i, r] += rows[asked, r] - rows[total, r]


@jit_rows
def use_kits(n: int, stock: Singles, x: int, starts: Singles, s: int, waits: Singles) -> None:
    """Take a component of the kits that start, and count what is left waiting."""
    for r in range(n):
        left = stock[x, r] - starts[s, r]
        stock[x, r] = left
        waits[x, r] += left
