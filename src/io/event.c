#include "io/event.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HOST_MOST = 256, TRIES = 3600 };

/* ---- the file ---- */

/* `dir` with the folders above it, one after another. */
static struct status *make_folders(const char *dir)
{
    struct str path = { 0 };
    struct status *st = NULL;
    for (const char *at = dir; *at && !st; ) {
        size_t n = strspn(at, "/") + strcspn(at + strspn(at, "/"), "/");
        str_add(&path, at, n);
        at += n;
        if (path.failed)
            st = status_no_memory();
        else if (mkdir(str_text(&path), 0777) && errno != EEXIST)
            st = file_error(str_text(&path));
    }
    str_free(&path);
    return st;
}

static struct status *create(const char *dir, const char *suffix, struct str *path, int *fd)
{
    char host[HOST_MOST] = "";
    time_t now = time(NULL);
    gethostname(host, sizeof host - 1);
    for (int i = 0; i < TRIES; i++) {
        path->n = 0;
        str_printf(path, "%s/events.out.tfevents.%010lld.%s%s", *dir ? dir : ".",
                   (long long)now + i, host, suffix ? suffix : "");
        if (path->failed)
            return status_no_memory();
        *fd = open(str_text(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*fd >= 0)
            return NULL;
        if (errno != EEXIST)
            break;
    }
    return file_error(str_text(path));
}

/* ---- writing ---- */

struct event_writer { struct record_writer *records; struct str path; };

static struct status *open_records(struct event_writer *w, const char *dir, const char *suffix)
{
    int fd;
    Wire__Event version = WIRE__EVENT__INIT;
    TRY(make_folders(dir));
    TRY(create(dir, suffix, &w->path, &fd));
    TRY(record_writer_on(fd, str_text(&w->path), PLAIN, &w->records));
    version.what_case = WIRE__EVENT__WHAT_FILE_VERSION;
    version.file_version = (char *)"brain.Event:2";
    TRY(event_put(w, &version));
    return event_flush(w);
}

struct status *event_writer_new(const char *dir, const char *suffix, struct event_writer **result)
{
    struct event_writer *w = mem_new(struct event_writer);
    NEED(w);
    struct status *st = open_records(w, dir, suffix);
    if (st)
        status_free(event_writer_close(w));
    else
        *result = w;
    return st;
}

const char *event_writer_path(const struct event_writer *w) { return str_text(&w->path); }

struct status *event_write(struct event_writer *w, const void *event, size_t n)
{
    return record_write(w->records, event, n);
}

static double wall_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)(t.tv_nsec / 1000) * 1e-6;
}

struct status *event_put(struct event_writer *w, Wire__Event *e)
{
    void *bytes;
    size_t n;
    e->wall_time = wall_time();
    TRY(wire_encode(&e->base, &bytes, &n));
    struct status *st = record_write(w->records, bytes, n);
    mem_free(bytes);
    return st;
}

struct status *event_put_summary(struct event_writer *w, const struct summary *s, int64_t step)
{
    Wire__Event e = WIRE__EVENT__INIT;
    Wire__Summary m = WIRE__SUMMARY__INIT;
    m.value = s->value;
    m.n_value = s->n;
    e.step = step;
    e.what_case = WIRE__EVENT__WHAT_SUMMARY;
    e.summary = &m;
    return event_put(w, &e);
}

struct status *event_flush(struct event_writer *w) { return record_flush(w->records); }

struct status *event_writer_close(struct event_writer *w)
{
    if (!w)
        return NULL;
    struct status *st = record_writer_close(w->records);
    str_free(&w->path);
    mem_free(w);
    return st;
}

/* ---- reading ---- */

struct event_reader { struct record_reader *records; struct arena arena; };

struct status *event_reader_new(const char *path, struct event_reader **result)
{
    struct event_reader *r = mem_new(struct event_reader);
    NEED(r);
    struct status *st = record_reader_new(path, PLAIN, &r->records);
    if (st)
        mem_free(r);
    else
        *result = r;
    return st;
}

struct status *event_next(struct event_reader *r, Wire__Event **e)
{
    const void *data;
    size_t n;
    bool done;
    *e = NULL;
    arena_reset(&r->arena);
    TRY(record_next(r->records, &data, &n, &done));
    if (done)
        return NULL;
    struct status *st = wire_decode(&r->arena, &wire__event__descriptor, data, n, e);
    if (!st || status_code(st) == RESOURCE_EXHAUSTED)
        return st;
    status_free(st);
    return status_new(DATA_LOSS, "a record of %zu bytes is not an Event", n);
}

void event_reader_free(struct event_reader *r)
{
    if (!r)
        return;
    record_reader_free(r->records);
    arena_free(&r->arena);
    mem_free(r);
}
