"""What Python adds: one row a workload, as the programs in C print them."""
import subprocess
import sys
import time

ROUNDS = 7


def row(workload, value):
    print("weft\t%s\t1\t%.4g" % (workload, value), flush=True)


def best_us(call, n):
    """Microseconds of one call, the best of some rounds of n."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(n):
            call()
        best = min(best, time.perf_counter() - start)
    return best / n * 1e6


def running(tf):
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        z = tf.add(x, y)
        with tf.Session() as s:
            row("k_python_session_run", best_us(lambda: s.run(z, {x: 1.0, y: 2.0}), 20000))
            add = s.make_callable(z, [x, y])
            row("k_python_make_callable", best_us(lambda: add(1.0, 2.0), 20000))


def building(tf):
    def build():
        with tf.Graph().as_default():
            start = time.perf_counter()
            for _ in range(50000):
                tf.constant(1.0)
            constants = time.perf_counter()
            a, b = tf.constant(1.0), tf.constant(2.0)
            between = time.perf_counter()
            for _ in range(50000):
                tf.add(a, b)
            return 5e4 / (constants - start), 5e4 / (time.perf_counter() - between)

    rates = [build() for _ in range(3)]
    row("k_python_constants_per_second", max(r[0] for r in rates))
    row("k_python_adds_per_second", max(r[1] for r in rates))


def arrays(tf):
    import numpy as np
    a = np.ones(25 * 1000 * 1000, np.float32)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32)
        y = tf.identity(x)
        with tf.Session() as s:
            step = s.make_callable(y, [x])
            row("k_python_feed_fetch_100mb_us", best_us(lambda: step(a), 3))
            row("k_python_copy_100mb_us", best_us(a.copy, 3))


def fresh(code):
    """What a new interpreter prints for `code`, the least of some runs."""
    return min(float(subprocess.run([sys.executable, "-c", code], check=True,
                                    stdout=subprocess.PIPE).stdout) for _ in range(9))


def starting():
    watch = "import numpy, time; t = time.perf_counter(); %s; print(time.perf_counter() - t)"
    row("k_python_import_ms", fresh(watch % "import weft") * 1e3)
    use = "import weft as tf; c = tf.constant(1.0) + 2.0; tf.Session().run(c)"
    row("k_python_import_and_first_run_ms", fresh(watch % use) * 1e3)
    memory = ("import numpy, resource; %s; "
              "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)")
    row("k_python_resident_mb_beyond_numpy", fresh(memory % use) - fresh(memory % "pass"))


if __name__ == "__main__":
    import weft
    starting()
    running(weft)
    building(weft)
    arrays(weft)
