/* record.c - any bytes read as an event file, as they are and compressed: records, events and
 * errors, never anything else. */
#include "io/event.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_records(const char *path, enum compression c)
{
    struct record_reader *r = NULL;
    struct status *st = record_reader_new(path, c, &r);
    const void *bytes;
    size_t n;
    bool done = false;
    while (!done && !st)
        st = record_next(r, &bytes, &n, &done);
    status_free(st);
    record_reader_free(r);
}

static void read_events(const char *path)
{
    struct event_reader *r = NULL;
    struct status *st = event_reader_new(path, &r);
    Wire__Event *e = NULL;
    do
        if (!st)
            st = event_next(r, &e);
    while (!st && e);
    status_free(st);
    event_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_records(path, PLAIN);
    read_records(path, ZLIB);
    read_records(path, GZIP);
    read_events(path);
    close(fd);
    return 0;
}
