/* dataset_csv.c - CSVDataset: the records of files of comma-separated values, a component a
 * column. */
#include "base/mem.h"
#include "base/str.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "ops/csv.h"
#include "ops/dataset_file.h"
#include "tensor/tstring.h"

/* What the csv points to, and the values of missing fields, are the dataset's. */
struct csv_files {
    struct files files;
    struct csv csv;
    bool header;                            /* the first record of each file is none */
    char *missing;
    int64_t *select;
    struct tensor *fallback;
};

struct csv_cursor { struct files_cursor files; struct str field; };

static const struct csv_files *of(const struct cursor *c)
{
    return (const struct csv_files *)c->d;
}

/* Where the record ends that begins where the file stands: at a newline that no quotes surround, or
 * where the file ends. */
static struct status *find_end(struct files_cursor *f, bool quotes, size_t *n, bool *newline)
{
    bool open = false;
    *newline = false;
    for (*n = 0;; ++*n) {
        if (f->at + *n == f->n)
            TRY(files_ahead(f, *n + 1));
        if (f->at + *n == f->n)
            return NULL;
        uint8_t byte = f->bytes[f->at + *n];
        open ^= quotes && byte == '"';
        *newline = byte == '\n' && !open;
        if (*newline)
            return NULL;
    }
}

/* The next record, as a string; its "\r\n" or "\n" is none of it. */
static struct status *record_text(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *over)
{
    struct files_cursor *f = (struct files_cursor *)c;
    bool newline;
    size_t n;
    TRY(find_end(f, of(c)->csv.quotes, &n, &newline));
    *over = !n && !newline;
    if (*over)
        return NULL;
    const char *bytes = (const char *)f->bytes + f->at;
    f->at += n + newline;
    TRY(tensor_new(out, env->buffers, DT_STRING, &SHAPE_SCALAR));
    NEED(tstring_set(out->data, bytes, n && bytes[n - 1] == '\r' ? n - 1 : n));
    return NULL;
}

static struct status *open_file(struct cursor *c)
{
    struct files_cursor *f = (struct files_cursor *)c;
    bool newline;
    size_t n;
    TRY(files_open(c));
    if (!of(c)->header)
        return NULL;
    TRY(find_end(f, of(c)->csv.quotes, &n, &newline));
    f->at += n + newline;
    return NULL;
}

/* A record that is not well made is an error, and the next one comes after it. */
static struct status *csv_next(struct cursor *c, struct run_env *env, struct tensor *out,
                               bool *end)
{
    struct csv_cursor *at = (struct csv_cursor *)c;
    struct tensor text = { 0 };
    struct status *st = files_next(c, env, &text, end, open_file, record_text);
    for (int i = 0; i < c->d->n && !st && !*end; i++)
        st = tensor_new(&out[i], env->buffers, c->d->dtype[i], &SHAPE_SCALAR);
    if (!st && !*end)
        st = csv_record(&of(c)->csv, tstring_data(text.data), tstring_len(text.data),
                        of(c)->fallback, out, 0, &at->field);
    tensor_unref(&text);
    return st;
}

static void csv_finish(struct cursor *c)
{
    str_free(&((struct csv_cursor *)c)->field);
    files_finish(c);
}

static void csv_release(struct dataset *d)
{
    struct csv_files *f = (struct csv_files *)d;
    element_clear(f->fallback, f->fallback ? d->n : 0);
    mem_free(f->fallback);
    mem_free(f->missing);
    mem_free(f->select);
    files_release(d);
}

static const struct dataset_kind CSV = {
    .name = "CSV", .size = sizeof(struct csv_files), .cursor = sizeof(struct csv_cursor),
    .next = csv_next, .finish = csv_finish, .release = csv_release
};

/* Inputs 3 to 7. */
static struct status *read_format(struct kernel *k, struct csv_files *f, int n)
{
    const struct tstring *delimiter, *missing;
    const struct tensor *select = kernel_in(k, 7);
    int64_t header, quotes;
    TRY(dataset_int(k, 3, "header", &header));
    TRY(dataset_text(k, 4, "field_delim", &delimiter));
    TRY(dataset_int(k, 5, "use_quote_delim", &quotes));
    TRY(dataset_text(k, 6, "na_value", &missing));
    ENSURE(select->shape.rank == 1, "`select_cols` must be a vector.");
    ENSURE(select->shape.dim[0] <= INT32_MAX, "select_cols should match output size");
    int n_select = (int)select->shape.dim[0];
    TRY(csv_check(tstring_data(delimiter), select->data, n_select, n));
    NEED(f->missing = mem_strdup(tstring_data(missing)));
    NEED(f->select = mem_alloc(tensor_bytes(select) + 1));
    if (n_select)
        memcpy(f->select, select->data, tensor_bytes(select));
    f->header = header;
    f->csv = (struct csv){ *tstring_data(delimiter), quotes,
                           { f->missing, strlen(f->missing) }, n_select ? f->select : NULL, n };
    return NULL;
}

static struct status *csv_run(struct kernel *k)
{
    struct csv_files *f;
    TRY(dataset_make(k, &CSV, 0, &f));
    int n = f->files.base.n;
    TRY(files_take(k, &f->files));
    TRY(read_format(k, f, n));
    NEED(f->fallback = mem_array(struct tensor, n));
    for (int i = 0; i < n; i++) {
        const struct tensor *t = kernel_in(k, 8 + i);
        ENSURE(t->shape.rank <= 1 && tensor_count(t) <= 1, "Each record default should be at most "
               "1 value: %d has shape %s", i, SHAPE_STR(&t->shape));
        TRY(kernel_keep(k, 8 + i, &f->fallback[i]));
    }
    return NULL;
}

#define CSV_OP(op_name)                                                                     \
    { .name = op_name,                                                                      \
      .inputs = "filenames: string, compression_type: string, buffer_size: int64, "         \
                "header: bool, field_delim: string, use_quote_delim: bool, "                \
                "na_value: string, select_cols: int64, record_defaults: output_types",      \
      .outputs = "handle: variant",                                                         \
      .attrs = "output_types: list({float, double, int32, int64, string}) >= 1; "           \
               "output_shapes: list(shape) >= 1",                                           \
      .doc = "The records of files of comma-separated values, a component a column.",       \
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = csv_run,                    \
      .flags = OP_STATEFUL }

const struct op ops_dataset_csv[] = {
    CSV_OP("CSVDataset"), CSV_OP("ExperimentalCSVDataset"),
    { 0 }
};
