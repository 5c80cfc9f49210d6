#!/usr/bin/python3
"""The work of ops.txt in PyTorch (Debian's python3-torch): torch_ops.py THREADS [START OF A LINE].

Prints as ops.c does, without a floor; OMP_NUM_THREADS is THREADS too. Nothing of Weft needs it."""
import os
import re
import sys
import time

import torch
import torch.nn.functional as F

TYPES = {'d': torch.double, 'i': torch.int32, 'l': torch.int64, 'u': torch.uint8, 'b': torch.bool}
ROUNDS = 3
BUDGET = float(os.environ.get('BENCH_SECONDS', '0.02'))


def nchw(x):
    """PyTorch's view of what Weft has as NHWC: no byte is moved."""
    return x.permute(0, 3, 1, 2)


def tensor(text):
    letter, dims, form, limit = re.fullmatch(r'(\w)\[([\d,]*)\]([<^]?)(\d*)', text).groups()
    dims = [int(d) for d in dims.split(',') if d]
    dtype = TYPES.get(letter, torch.float)
    if form == '^':
        count = torch.Size(dims).numel()
        return (torch.arange(count) * int(limit) // count).reshape(dims).to(dtype)
    if form:
        return torch.randint(0, int(limit), dims, dtype=dtype)
    if letter == 'b':
        return torch.rand(dims) < .5
    x = torch.rand(dims, dtype=dtype)
    return x if letter == 'p' else x * 2 - 1


def value(text):
    """A tensor, or the list of numbers of a constant."""
    if '{' not in text:
        return tensor(text)
    return [float(n) if '.' in n or text[0] == 'f' else int(n)
            for n in text[text.index('{') + 1:-1].split()]


def median_us(f):
    times = []
    batch = 1
    while True:
        start = time.perf_counter()
        for _ in range(batch):
            f()
        if time.perf_counter() - start > 3e-5 or batch > 1 << 20:
            break
        batch *= 2
    began = time.perf_counter()
    while len(times) < 7 or time.perf_counter() - began < BUDGET:
        start = time.perf_counter()
        for _ in range(batch):
            f()
        times.append((time.perf_counter() - start) / batch)
    return sorted(times)[len(times) // 2] * 1e6


def measured(inputs, work):
    names = dict(globals())
    for name, text in zip('abcdefghij', re.findall(r'[^ {]+(?:\{[^}]*\})?', inputs)):
        names[name] = None if text[0] == 's' else value(text)
    *before, work = work.split(';')
    for statement in before:
        exec(statement.strip(), names)
    f = eval('lambda: ' + work.strip(), names)
    with torch.no_grad():
        return min(median_us(f) for _ in range(ROUNDS))


def main(threads, only=''):
    torch.set_num_threads(int(threads))
    for number, line in enumerate(open('bench/ops.txt'), 1):
        if line[0] in '#\n' or not line.startswith(only):
            continue
        op, small, large, _, work = (part.strip() for part in line.split(' |'))
        for size, inputs in (('small', small), ('large', large)):
            if work and (size == 'large' or threads == '1'):
                us = measured(inputs, work)
                print(op, inputs, f'{number} {size}', threads, 'torch', '-', f'{us:.4g}', sep='\t',
                      flush=True)


main(*sys.argv[1:])
