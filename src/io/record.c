#include "io/record.h"
#include "base/mem.h"
#include "io/crc32c.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

enum { HEADER = 12, FOOTER = 4, FIRST_ROOM = 4096 };

/* ---- writing ---- */

struct record_writer { pthread_mutex_t lock; struct sink sink; struct status *broken; };

struct status *record_writer_on(int fd, const char *path, enum compression c,
                                struct record_writer **result)
{
    struct sink sink;
    TRY(sink_open(&sink, fd, path, c));
    struct record_writer *w = *result = mem_new(struct record_writer);
    if (!w) {
        status_free(sink_close(&sink));
        return status_no_memory();
    }
    w->sink = sink;
    pthread_mutex_init(&w->lock, NULL);
    return NULL;
}

struct status *record_writer_new(const char *path, enum compression c,
                                 struct record_writer **result)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return file_error(path);
    return record_writer_on(fd, path, c, result);
}

static void put32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t checksum(const void *p, size_t n) { return crc32c_mask(crc32c(p, n)); }

static struct status *put_record(struct sink *s, const void *data, size_t n)
{
    uint8_t header[HEADER], footer[FOOTER];
    put32(header, (uint32_t)n);
    put32(header + 4, (uint32_t)((uint64_t)n >> 32));
    put32(header + 8, checksum(header, 8));
    put32(footer, checksum(data, n));
    TRY(sink_write(s, header, HEADER));
    TRY(sink_write(s, data, n));
    return sink_write(s, footer, FOOTER);
}

/* Under the lock; keeps the first failure. */
static struct status *outcome(struct record_writer *w, struct status *st)
{
    if (st && !w->broken)
        w->broken = status_copy(st);
    return st;
}

struct status *record_write(struct record_writer *w, const void *data, size_t n)
{
    pthread_mutex_lock(&w->lock);
    struct status *st = w->broken ? status_copy(w->broken)
                        : outcome(w, put_record(&w->sink, data, n));
    pthread_mutex_unlock(&w->lock);
    return st;
}

struct status *record_flush(struct record_writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct status *st = w->broken ? status_copy(w->broken) : outcome(w, sink_flush(&w->sink));
    pthread_mutex_unlock(&w->lock);
    return st;
}

struct status *record_writer_close(struct record_writer *w)
{
    if (!w)
        return NULL;
    struct status *st = sink_close(&w->sink);
    if (w->broken) {
        status_free(st);
        st = w->broken;
    }
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
    return st;
}

/* ---- reading ---- */

struct record_reader { struct source source; uint64_t offset; uint8_t *buf; size_t cap; };

struct status *record_reader_new(const char *path, enum compression c,
                                 struct record_reader **result)
{
    struct record_reader *r = mem_new(struct record_reader);
    NEED(r);
    struct status *st = source_open(&r->source, path, c);
    if (st)
        mem_free(r);
    else
        *result = r;
    return st;
}

void record_reader_free(struct record_reader *r)
{
    if (!r)
        return;
    source_close(&r->source);
    mem_free(r->buf);
    mem_free(r);
}

static struct status *make_room(struct record_reader *r)
{
    size_t cap = r->cap ? 2 * r->cap : FIRST_ROOM;
    uint8_t *buf = mem_grow(r->buf, cap);
    NEED(buf);
    r->buf = buf;
    r->cap = cap;
    return NULL;
}

/* As many of n bytes as are there, in room that doubles as they come. */
static struct status *read_bytes(struct record_reader *r, uint64_t n, size_t *got)
{
    size_t more;
    for (*got = 0; *got < n; *got += more) {
        if (*got == r->cap)
            TRY(make_room(r));
        size_t most = r->cap - *got;
        size_t want = n - *got < most ? (size_t)(n - *got) : most;
        TRY(source_read(&r->source, r->buf + *got, want, &more));
        if (more < want) {
            *got += more;
            break;
        }
    }
    return NULL;
}

/* n bytes and their checksum, which begin at `offset`. */
static struct status *read_checked(struct record_reader *r, uint64_t n, uint64_t offset,
                                   size_t *got)
{
    TRY(read_bytes(r, n + FOOTER, got));
    if (*got < n + FOOTER)
        return *got ? status_new(DATA_LOSS, "truncated record at %llu",
                                 (unsigned long long)offset) : NULL;
    if (checksum(r->buf, n) != get32(r->buf + n))
        return status_new(DATA_LOSS, "corrupted record at %llu", (unsigned long long)offset);
    return NULL;
}

static struct status *read_record(struct record_reader *r, size_t *n, bool *done)
{
    size_t got;
    TRY(read_checked(r, 8, r->offset, &got));
    *done = !got;
    if (*done)
        return NULL;
    uint64_t length = get32(r->buf) | (uint64_t)get32(r->buf + 4) << 32;
    if (length >= SIZE_MAX - FOOTER)
        return status_new(DATA_LOSS, "record size too large");
    TRY(read_checked(r, length, r->offset + HEADER, &got));
    if (!got)
        return status_new(DATA_LOSS, "truncated record at %llu' failed with eof",
                          (unsigned long long)r->offset);
    *n = length;
    r->offset += HEADER + length + FOOTER;
    return NULL;
}

struct status *record_next(struct record_reader *r, const void **data, size_t *n, bool *done)
{
    struct status *st = read_record(r, n, done);
    *data = r->buf;
    if (st)
        status_free(source_seek(&r->source, r->offset));
    return st;
}
