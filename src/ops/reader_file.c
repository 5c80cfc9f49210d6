/* reader_file.c - what each kind of reader finds in a file. */
#include "ops/reader.h"

#include "base/mem.h"
#include "tensor/tstring.h"

const char *reader_work(const struct reader *r) { return tstring_data(r->work.data); }

void reader_close(struct reader *r)
{
    if (r->open)
        source_close(&r->from);
    record_reader_free(r->records);
    tensor_unref(&r->work);
    r->records = NULL;
    r->open = false;
    r->line.n = 0;
    r->at = 0;
}

static struct status *open_source(struct reader *r)
{
    TRY(source_open(&r->from, reader_work(r), r->compression));
    r->open = true;
    return NULL;
}

static struct status *skip_lines(struct reader *r)
{
    bool done = false;
    TRY(open_source(r));
    for (r->at = 0; r->at < r->skip_lines && !done; r->at++)
        TRY(source_line(&r->from, &r->line, &done));
    return NULL;
}

static struct status *skip_header(struct reader *r)
{
    size_t got;
    TRY(open_source(r));
    return source_read(&r->from, NULL, (size_t)r->header, &got);
}

struct status *reader_open(struct reader *r)
{
    switch (r->type) {
    case READ_LINES:
        return skip_lines(r);
    case READ_RECORDS:
        return record_reader_new(reader_work(r), r->compression, &r->records);
    case READ_FIXED:
        return skip_header(r);
    default:
        return NULL;
    }
}

/* ---- one record ---- */

static void name_record(struct reader *r, struct record *to)
{
    str_printf(&to->key, "%s:%lld", reader_work(r), (long long)r->at);
}

static struct status *next_line(struct reader *r, struct record *to, bool *done)
{
    TRY(source_line(&r->from, &r->line, done));
    r->at++;
    name_record(r, to);
    to->data = str_text(&r->line);
    to->n = r->line.n;
    return NULL;
}

static struct status *next_record(struct reader *r, struct record *to, bool *done)
{
    enum { FRAME = 16 };                /* bytes that a record has besides its own */
    TRY(record_next(r->records, &to->data, &to->n, done));
    name_record(r, to);
    r->at += *done ? 0 : FRAME + (int64_t)to->n;
    return NULL;
}

/* What is read ahead: `want` bytes, or *done. Memory grows with the bytes that come. */
static struct status *read_ahead(struct reader *r, size_t want, bool *done)
{
    char piece[4096];
    while (r->line.n < want) {
        size_t n = want - r->line.n < sizeof piece ? want - r->line.n : sizeof piece, got;
        TRY(source_read(&r->from, piece, n, &got));
        str_add(&r->line, piece, got);
        if (r->line.failed)
            return status_no_memory();
        if (got < n) {
            *done = true;
            return NULL;
        }
    }
    return NULL;
}

/* The next record begins `hop` bytes behind this one, which may have been read already. */
static struct status *hop(struct reader *r)
{
    size_t n = (size_t)(r->hop ? r->hop : r->record), got;
    size_t there = r->line.n < n ? r->line.n : n;
    memmove(r->line.text, r->line.text + there, r->line.n - there);
    r->line.n -= there;
    return source_read(&r->from, NULL, n - there, &got);
}

/* TF: what is left at the end, less than a record and the footer, is not one. */
static struct status *next_fixed(struct reader *r, struct record *to, bool *done)
{
    if (r->at)
        TRY(hop(r));
    TRY(read_ahead(r, (size_t)(r->record + r->footer), done));
    name_record(r, to);
    to->data = r->line.text;
    to->n = (size_t)r->record;
    r->at++;
    return NULL;
}

/* The file's name, and perhaps what is in it. */
static struct status *next_whole(struct reader *r, struct record *to)
{
    const struct tstring *name = r->work.data;
    str_add(&to->key, tstring_data(name), tstring_len(name));
    to->data = tstring_data(name);
    to->n = tstring_len(name);
    if (r->type == READ_NAMES)
        return NULL;
    char *bytes;
    TRY(file_load(reader_work(r), &bytes, &to->n));
    r->line.n = 0;
    str_add(&r->line, bytes, to->n);
    mem_free(bytes);
    to->data = str_text(&r->line);
    return r->line.failed ? status_no_memory() : NULL;
}

struct status *reader_next(struct reader *r, struct record *to, bool *done)
{
    to->key.n = 0;
    *done = false;
    switch (r->type) {
    case READ_LINES:
        TRY(next_line(r, to, done));
        break;
    case READ_RECORDS:
        TRY(next_record(r, to, done));
        break;
    case READ_FIXED:
        TRY(next_fixed(r, to, done));
        break;
    default:
        TRY(next_whole(r, to));
    }
    return to->key.failed ? status_no_memory() : NULL;
}
