/* table_file.c - tables out of text files, an entry a line: InitializeTableFromTextFile. */
#include "io/stream.h"
#include "ops/table.h"
#include "graph/graph.h"
#include "tensor/tstring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { WHOLE_LINE = -2, LINE_NUMBER = -1 };

struct from_file { int64_t key, value, lines; char delimiter; };

static struct status *file_prepare(struct prep *p)
{
    struct from_file *f;
    const char *delimiter = node_attr_string(p->node, "delimiter");
    TRY(prep_state(p, sizeof *f, &f));
    ENSURE(strlen(delimiter) == 1, "delimiter should be only 1 char");
    *f = (struct from_file){ node_attr(p->node, "key_index"), node_attr(p->node, "value_index"),
                             node_attr(p->node, "vocab_size"), *delimiter };
    return NULL;
}

static struct status *file_shape(struct shape_ctx *c)
{
    struct shape s;
    if (node_in_dtype(c->node, 0) == DT_RESOURCE)
        TRY(shape_want_rank(shape_in(c, 0), 0));
    else
        TRY(shape_merge(shape_in(c, 0), &SHAPE(2), &s));
    return shape_want_rank(shape_in(c, 1), 0);
}

/* ---- one line ---- */

struct line { const char *path, *text; size_t n; int64_t number; };

/* The column of a line; how many there are where it has not got it. */
static const char *column(const struct line *l, char delimiter, int64_t index, size_t *n,
                          int64_t *columns)
{
    const char *p = l->text, *end = l->text + l->n;
    for (*columns = 1;; ++*columns, p += *n + 1) {
        const char *stop = memchr(p, delimiter, (size_t)(end - p));
        *n = (size_t)((stop ? stop : end) - p);
        if (*columns == index + 1)
            return p;
        if (!stop)
            return NULL;
    }
}

/* `text` ends at a delimiter or a NUL, where no number goes on. */
static struct status *put_number(const struct line *l, const char *text, size_t n,
                                 struct tensor *t)
{
    char room[64], *end = room;
    bool whole = t->dtype == DT_INT64 || t->dtype == DT_INT32;
    ENSURE(whole || dtype_is_floating(t->dtype), "Data type %s not supported.",
           dtype_name(t->dtype));
    snprintf(room, sizeof room, "%.*s", (int)(n < sizeof room ? n : 0), text);
    errno = 0;
    long long i = whole ? strtoll(room, &end, 10) : 0;
    double d = whole ? 0 : strtod(room, &end);
    ENSURE(end > room && !*end && !errno && (t->dtype != DT_INT32 || i == (int32_t)i),
           "Field %.*s in line %lld is not a valid %s.", (int)(n < 200 ? n : 200), text,
           (long long)l->number, dtype_name(t->dtype));
    if (t->dtype == DT_INT64)
        *(int64_t *)t->data = i;
    else
        tensor_set_double(t, 0, whole ? (double)i : d);
    return NULL;
}

static struct status *put_field(const struct line *l, const struct from_file *f, int64_t index,
                                struct tensor *t)
{
    const char *text = l->text;
    size_t n = l->n;
    int64_t columns = 1;
    if (index == LINE_NUMBER) {
        *(int64_t *)t->data = l->number;
        return NULL;
    }
    if (index >= 0)
        text = column(l, f->delimiter, index, &n, &columns);
    ENSURE(text, "Invalid number of columns in %s line %lld (%.200s) : expected at least %lld got "
           "%lld", l->path, (long long)l->number, l->text, (long long)index + 1,
           (long long)columns);
    if (t->dtype != DT_STRING)
        return put_number(l, text, n, t);
    return tstring_set(t->data, text, n) ? NULL : status_no_memory();
}

static struct status *check_index(const char *what, int64_t index, enum dtype t)
{
    ENSURE(index != LINE_NUMBER || t == DT_INT64, "%s index for line number requires table %s "
           "dtype of int64, got %s", what, what, dtype_name(t));
    ENSURE(index != WHOLE_LINE || t == DT_STRING, "%s index for whole line requires string, got "
           "table %s dtype of %s", what, what, dtype_name(t));
    return NULL;
}

/* ---- the file ---- */

struct reading { FILE *file; char *line; size_t room; struct tensor key, value; };

static struct status *put_line(struct table *t, const struct from_file *f, struct reading *r,
                               const struct line *l)
{
    TRY(put_field(l, f, f->key, &r->key));
    TRY(put_field(l, f, f->value, &r->value));
    return table_put(t, &r->key, 0, &r->value, 0, false);
}

static struct status *put_lines(struct table *t, const struct from_file *f, struct reading *r,
                                const char *path)
{
    struct line l = { .path = path };
    ssize_t n = 0;
    errno = 0;
    for (; (f->lines < 0 || l.number < f->lines) &&
           (n = getline(&r->line, &r->room, r->file)) >= 0; l.number++) {
        l.text = r->line;
        l.n = (size_t)n - (n && r->line[n - 1] == '\n');
        r->line[l.n] = 0;
        TRY(put_line(t, f, r, &l));
    }
    if (n < 0 && errno)
        return file_error(path);
    ENSURE(f->lines < 0 || l.number == f->lines, "Invalid vocab_size in %s: expected %lld but got "
           "%lld", path, (long long)f->lines, (long long)l.number);
    return NULL;
}

static struct status *read_table(struct table *t, const struct from_file *f, const char *path,
                                 struct reading *r)
{
    TRY(check_index("Key", f->key, t->key));
    TRY(check_index("Value", f->value, t->value));
    TRY(tensor_new(&r->key, NULL, t->key, &SHAPE_SCALAR));
    TRY(tensor_new(&r->value, NULL, t->value, &SHAPE_SCALAR));
    if (!(r->file = fopen(path, "re")))
        return file_error(path);
    return put_lines(t, f, r, path);
}

/* TF: a table that is there already stays as it is. */
static struct status *fill(struct table *t, const struct from_file *f, const char *path)
{
    struct reading r = { 0 };
    ENSURE(t->is_static, "This table is not one that a file fills");
    if (t->initialized)
        return NULL;
    struct status *st = read_table(t, f, path, &r);
    if (r.file)
        fclose(r.file);
    free(r.line);
    tensor_unref(&r.key);
    tensor_unref(&r.value);
    if (st)
        table_empty(t);
    t->initialized = !st;
    return st;
}

static struct status *file_run(struct kernel *k)
{
    const struct tensor *name = kernel_in(k, 1);
    struct table *t;
    TRY(table_in(k, &t));
    ENSURE(name->shape.rank == 0, "filename should be a single string, but got %s",
           SHAPE_STR(&name->shape));
    pthread_mutex_lock(&t->handle.lock);
    struct status *st = fill(t, k->state, tstring_data(name->data));
    pthread_mutex_unlock(&t->handle.lock);
    return st;
}

#define COLUMNS "key_index: int >= -2; value_index: int >= -2; vocab_size: int >= -1 = -1; "     \
               "delimiter: string = \"\t\""

const struct op ops_table_file[] = {
    { .name = "InitializeTableFromTextFile",
      .inputs = "table_handle: Ref(string), filename: string", .attrs = COLUMNS,
      .doc = "Fills a HashTable from columns, whole lines or line numbers of a text file.",
      .shape = file_shape, .grad = NO_GRADIENT, .prepare = file_prepare, .kernel_any = file_run,
      .flags = OP_HOST },
    { .name = "InitializeTableFromTextFileV2",
      .inputs = "table_handle: resource, filename: string", .attrs = COLUMNS,
      .doc = "Fills a HashTable from columns, whole lines or line numbers of a text file.",
      .shape = file_shape, .grad = NO_GRADIENT, .prepare = file_prepare, .kernel_any = file_run,
      .flags = OP_STATEFUL },
    { 0 }
};
