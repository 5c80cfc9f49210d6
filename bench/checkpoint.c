/* checkpoint.c - a checkpoint of a gigabyte written and read, beside what it cannot do without: its
 * bytes copied by cp, and their CRC32C. checkpoint [FOLDER] [MEGABYTES]. Milliseconds. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

enum { TENSORS = 16 };

static double ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static char prefix[300], data[340], copy[340];

static struct weft_tensor *filled(int64_t n)
{
    struct weft_tensor *t;
    weft_check(weft_tensor_new(WEFT_FLOAT, 1, &n, NULL, &t));
    float *p = weft_tensor_data(t);
    for (int64_t i = 0; i < n; i++)
        p[i] = (float)i;
    return t;
}

static double write_ms(const char *const *names, struct weft_tensor *const *t)
{
    double begin = ms();
    weft_check(weft_checkpoint_write(prefix, names, t, TENSORS));
    return ms() - begin;
}

/* The best of some: memory that the machine never had before costs whoever asks for it first. */
enum { READS = 4 };

static double read_once(void)
{
    struct weft_checkpoint *c;
    struct weft_tensor *t[TENSORS];
    double begin = ms();
    weft_check(weft_checkpoint_open(prefix, &c));
    for (int i = 0; i < TENSORS; i++)
        weft_check(weft_checkpoint_read(c, i, &t[i]));
    double took = ms() - begin;
    for (int i = 0; i < TENSORS; i++)
        weft_tensor_free(t[i]);
    weft_checkpoint_free(c);
    return took;
}

static double read_ms(void)
{
    double best = read_once();
    for (int i = 1; i < READS; i++) {
        double took = read_once();
        best = took < best ? took : best;
    }
    return best;
}

/* With what the disk still has to do: our write has it behind it when it returns. */
static double copy_ms(bool sync)
{
    char command[4 * sizeof copy + 40];
    snprintf(command, sizeof command, "rm -f %s; cp %s %s%s%s", copy, data, copy,
             sync ? " && sync " : "", sync ? copy : "");
    double begin = ms();
    if (system(command))
        exit(1);
    return ms() - begin;
}

static volatile uint64_t sink;

/* One stream of the processor's instruction, as a plain program would do it. */
#ifdef __x86_64__
__attribute__((target("sse4.2")))
static uint64_t crc_of(uint64_t crc, const uint64_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        crc = __builtin_ia32_crc32di(crc, p[i]);
    return crc;
}
#else
static uint64_t crc_of(uint64_t crc, const uint64_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        crc ^= p[i];
    return crc;
}
#endif

static double crc_ms(struct weft_tensor *const *t)
{
    double begin = ms();
    for (int i = 0; i < TENSORS; i++)
        sink = crc_of(~0u, weft_tensor_data(t[i]), weft_tensor_bytes(t[i]) / 8);
    return ms() - begin;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    int64_t megabytes = argc > 2 ? atoi(argv[2]) : 1024;
    char text[TENSORS][32];
    const char *names[TENSORS];
    struct weft_tensor *t[TENSORS];
    snprintf(prefix, sizeof prefix, "%s/weft-bench-%d", folder, (int)getpid());
    snprintf(data, sizeof data, "%s.data-00000-of-00001", prefix);
    snprintf(copy, sizeof copy, "%s.copy", prefix);
    for (int i = 0; i < TENSORS; i++) {
        snprintf(text[i], sizeof text[i], "layer_%02d/weights", i);
        names[i] = text[i];
        t[i] = filled(megabytes * (1 << 20) / TENSORS / 4);
    }
    double write = write_ms(names, t), cp = copy_ms(false), synced = copy_ms(true);
    double read = read_ms(), crc = crc_ms(t);
    row("checkpoint_write_ms", 1, write);
    row("checkpoint_read_ms", 1, read);
    row("checkpoint_cp_and_crc_ms", 1, cp + crc);
    row("checkpoint_cp_sync_and_crc_ms", 1, synced + crc);
    for (int i = 0; i < TENSORS; i++)
        weft_tensor_free(t[i]);
    unlink(data);
    unlink(copy);
    snprintf(data, sizeof data, "%s.index", prefix);
    unlink(data);
    return 0;
}
