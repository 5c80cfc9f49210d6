#include "io/stream.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER = 1 << 16, GZIP_HEADER = 16 };

/* zlib's side of a sink or source: `buf` holds what is compressed. */
struct zip { z_stream z; uint8_t buf[BUFFER]; bool ended; };

struct status *compression_parse(const char *name, enum compression *c)
{
    static const char *const names[] = { [PLAIN] = "", [ZLIB] = "ZLIB", [GZIP] = "GZIP" };
    for (*c = PLAIN; *c <= GZIP; ++*c)
        if (!strcmp(name ? name : "", names[*c]))
            return NULL;
    return status_new(INVALID_ARGUMENT, "Unsupported compression_type:%s", name);
}

/* ---- zlib, with memory through our door ---- */

static void *zip_alloc(void *ctx, uInt n, uInt size)
{
    (void)ctx;
    return mem_zero((size_t)n * size);
}

static void zip_free(void *ctx, void *p)
{
    (void)ctx;
    mem_free(p);
}

static struct status *zip_new(enum compression c, bool reads, struct zip **zip)
{
    int bits = MAX_WBITS + (c == GZIP ? GZIP_HEADER : 0);
    struct zip *p = mem_new(struct zip);
    NEED(p);
    p->z.zalloc = zip_alloc;
    p->z.zfree = zip_free;
    int rc = reads ? inflateInit2(&p->z, bits)
             : deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY);
    if (rc == Z_OK)
        *zip = p;
    else
        mem_free(p);
    return rc == Z_OK ? NULL : status_no_memory();
}

/* ---- sinks ---- */

struct status *sink_open(struct sink *s, int fd, const char *path, enum compression c)
{
    struct status *st = NULL;
    *s = (struct sink){ .fd = fd, .path = mem_strdup(path), .buf = mem_alloc(BUFFER) };
    if (!s->path || !s->buf)
        st = status_no_memory();
    else if (c != PLAIN)
        st = zip_new(c, false, &s->zip);
    if (st)
        status_free(sink_close(s));
    return st;
}

static struct status *put(struct sink *s, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = write(s->fd, p, n);
        if (k < 0 && errno != EINTR)
            return file_error(s->path);
        p += k < 0 ? 0 : k;
        n -= k < 0 ? 0 : (size_t)k;
    }
    return NULL;
}

/* All that zlib makes of what the buffer holds goes to the file. */
static struct status *deflate_buffer(struct sink *s, int how)
{
    struct zip *p = s->zip;
    p->z.next_in = s->buf;
    p->z.avail_in = (uInt)s->n;
    do {
        p->z.next_out = p->buf;
        p->z.avail_out = BUFFER;
        deflate(&p->z, how);
        TRY(put(s, p->buf, BUFFER - p->z.avail_out));
    } while (p->z.avail_out == 0);
    return NULL;
}

static struct status *empty(struct sink *s, int how)
{
    size_t n = s->n;
    struct status *st = s->zip ? deflate_buffer(s, how) : put(s, s->buf, n);
    s->n = 0;
    return st;
}

struct status *sink_write(struct sink *s, const void *data, size_t n)
{
    const uint8_t *p = data;
    while (n) {
        size_t k = n < BUFFER - s->n ? n : BUFFER - s->n;
        memcpy(s->buf + s->n, p, k);
        s->n += k;
        p += k;
        n -= k;
        if (s->n == BUFFER)
            TRY(empty(s, Z_NO_FLUSH));
    }
    return NULL;
}

struct status *sink_flush(struct sink *s) { return empty(s, Z_SYNC_FLUSH); }

struct status *sink_close(struct sink *s)
{
    struct status *st = s->path && s->buf ? empty(s, Z_FINISH) : NULL;
    if (s->fd >= 0 && close(s->fd) && !st && s->path)
        st = file_error(s->path);
    if (s->zip)
        deflateEnd(&s->zip->z);
    mem_free(s->zip);
    mem_free(s->path);
    mem_free(s->buf);
    *s = (struct sink){ .fd = -1 };
    return st;
}

/* ---- sources ---- */

struct status *source_open(struct source *s, const char *path, enum compression c)
{
    struct status *st = NULL;
    *s = (struct source){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
    if (s->fd < 0)
        return file_error(path);
    s->path = mem_strdup(path);
    s->buf = mem_alloc(BUFFER);
    if (!s->path || !s->buf)
        st = status_no_memory();
    else if (c != PLAIN)
        st = zip_new(c, true, &s->zip);
    if (st)
        source_close(s);
    return st;
}

void source_close(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->zip)
        inflateEnd(&s->zip->z);
    mem_free(s->zip);
    mem_free(s->path);
    mem_free(s->buf);
    *s = (struct source){ .fd = -1 };
}

static struct status *get(struct source *s, uint8_t *to, size_t *n)
{
    ssize_t k;
    do
        k = read(s->fd, to, BUFFER);
    while (k < 0 && errno == EINTR);
    *n = k < 0 ? 0 : (size_t)k;
    return k < 0 ? file_error(s->path) : NULL;
}

/* Of a file that is several compressed ones in a row, the next begins. */
static struct status *inflate_step(struct source *s)
{
    struct zip *p = s->zip;
    if (p->ended)
        inflateReset(&p->z);
    p->z.next_out = s->buf;
    p->z.avail_out = BUFFER;
    int rc = inflate(&p->z, Z_NO_FLUSH);
    p->ended = rc == Z_STREAM_END;
    s->n = BUFFER - p->z.avail_out;
    if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
        return NULL;
    if (rc == Z_MEM_ERROR)
        return status_no_memory();
    return status_new(DATA_LOSS, "%s: inflate() failed with error %d%s%s", s->path, rc,
                      p->z.msg ? ": " : "", p->z.msg ? p->z.msg : "");
}

/* More bytes in the buffer, none at the end of the file. */
static struct status *refill(struct source *s)
{
    s->at = s->n = 0;
    if (!s->zip)
        return get(s, s->buf, &s->n);
    while (!s->n) {
        size_t n = s->zip->z.avail_in;
        if (!n) {
            TRY(get(s, s->zip->buf, &n));
            s->zip->z.next_in = s->zip->buf;
            s->zip->z.avail_in = (uInt)n;
        }
        if (!n)
            break;
        TRY(inflate_step(s));
    }
    return NULL;
}

struct status *source_read(struct source *s, void *to, size_t n, size_t *got)
{
    for (*got = 0; *got < n;) {
        if (s->at == s->n)
            TRY(refill(s));
        if (!s->n)
            break;
        size_t k = n - *got < s->n - s->at ? n - *got : s->n - s->at;
        if (to)
            memcpy((char *)to + *got, s->buf + s->at, k);
        s->at += k;
        *got += k;
    }
    return NULL;
}

struct status *source_line(struct source *s, struct str *line, bool *done)
{
    bool ended = false, some = false;
    line->n = 0;
    while (!ended) {
        if (s->at == s->n)
            TRY(refill(s));
        if (!s->n)
            break;
        const uint8_t *from = s->buf + s->at, *end = memchr(from, '\n', s->n - s->at);
        ended = end;
        some = true;
        str_add(line, (const char *)from, end ? (size_t)(end - from) : s->n - s->at);
        s->at = end ? (size_t)(end + 1 - s->buf) : s->n;
    }
    if (line->failed)
        return status_no_memory();
    if (line->n && line->text[line->n - 1] == '\r')
        line->n--;
    *done = !some;
    return NULL;
}

struct status *source_seek(struct source *s, uint64_t offset)
{
    size_t skipped;
    s->at = s->n = 0;
    if (lseek(s->fd, s->zip ? 0 : (off_t)offset, SEEK_SET) < 0)
        return file_error(s->path);
    if (!s->zip)
        return NULL;
    inflateReset(&s->zip->z);
    s->zip->z.avail_in = 0;
    s->zip->ended = false;
    return source_read(s, NULL, offset, &skipped);
}
