/* dataset_file.c - datasets of what files hold: TextLineDataset, TFRecordDataset,
 * FixedLengthRecordDataset(V2), MatchingFilesDataset. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "ops/dataset_file.h"
#include "tensor/tstring.h"

#include <glob.h>
#include <sys/stat.h>

enum { CHUNK = 1 << 16 };

static struct files_cursor *of(struct cursor *c) { return (struct files_cursor *)c; }
static const struct files *files_of(const struct cursor *c) { return (const struct files *)c->d; }

static void close_file(struct files_cursor *f)
{
    if (f->is_open)
        source_close(&f->source);
    record_reader_free(f->records);
    f->records = NULL;
    f->is_open = f->last = false;
    f->at = f->n = 0;
}

void files_finish(struct cursor *c)
{
    close_file(of(c));
    mem_free(of(c)->bytes);
}

static const char *name_of(const struct cursor *c)
{
    return tstring_data((const struct tstring *)files_of(c)->names.data +
                        ((const struct files_cursor *)c)->file);
}

/* ---- bytes, read in chunks ---- */

struct status *files_open(struct cursor *c)
{
    struct files_cursor *f = of(c);
    f->source = (struct source){ 0 };
    TRY(source_open(&f->source, name_of(c), files_of(c)->compression));
    f->is_open = true;
    return NULL;
}

struct status *files_ahead(struct files_cursor *f, size_t want)
{
    while (f->n - f->at < want && !f->last) {
        size_t got;
        if (f->at)
            memmove(f->bytes, f->bytes + f->at, f->n - f->at);
        f->n -= f->at;
        f->at = 0;
        if (f->room - f->n < CHUNK) {
            size_t room = f->room ? 2 * f->room : 2 * CHUNK;
            uint8_t *more = mem_grow(f->bytes, room);
            NEED(more);
            f->bytes = more;
            f->room = room;
        }
        TRY(source_read(&f->source, f->bytes + f->n, f->room - f->n, &got));
        f->last = got < f->room - f->n;
        f->n += got;
    }
    return NULL;
}

static struct status *text(struct tensor *t, struct run_env *env, const void *bytes, size_t n)
{
    TRY(tensor_new(t, env->buffers, DT_STRING, &SHAPE_SCALAR));
    return tstring_set(t->data, bytes, n) ? NULL : status_no_memory();
}

/* ---- the walk through the files ---- */

struct status *files_next(struct cursor *c, struct run_env *env, struct tensor *out, bool *end,
                          struct status *(*open)(struct cursor *c), element_fn *element)
{
    struct files_cursor *f = of(c);
    int64_t n = tensor_count(&files_of(c)->names);
    while (f->file < n) {
        bool over = false;
        struct status *st = f->is_open || f->records ? NULL : open(c);
        if (!st)
            st = element(c, env, out, &over);
        if (st || over) {
            close_file(f);
            f->file++;
        }
        TRY(st);
        if (!over)
            return NULL;
        TRY(dataset_check_stop(env));
    }
    *end = true;
    return NULL;
}

void files_release(struct dataset *d) { tensor_unref(&((struct files *)d)->names); }

/* ---- TextLineDataset ---- */

/* TF drops every '\r', wherever it stands. */
static size_t without_returns(uint8_t *s, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (s[i] != '\r')
            s[kept++] = s[i];
    return kept;
}

static struct status *line_element(struct cursor *c, struct run_env *env, struct tensor *out,
                                   bool *over)
{
    struct files_cursor *f = of(c);
    uint8_t *end = NULL;
    for (size_t seen = 0; !end;) {
        TRY(files_ahead(f, seen + 1));
        size_t has = f->n - f->at;
        if (has == seen)
            break;
        end = memchr(f->bytes + f->at + seen, '\n', has - seen);
        seen = has;
    }
    size_t n = end ? (size_t)(end - f->bytes) - f->at : f->n - f->at;
    size_t kept = without_returns(f->bytes + f->at, n);
    *over = !end && !kept;
    if (*over)
        return NULL;
    struct status *st = text(out, env, f->bytes + f->at, kept);
    f->at += n + (end != NULL);
    return st;
}

static struct status *line_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                bool *end)
{
    return files_next(c, env, out, end, files_open, line_element);
}

static const struct dataset_kind TEXT_LINE = {
    .name = "TextLine", .size = sizeof(struct files), .cursor = sizeof(struct files_cursor),
    .next = line_next, .finish = files_finish, .release = files_release
};

/* ---- TFRecordDataset ---- */

static struct status *open_records(struct cursor *c)
{
    return record_reader_new(name_of(c), files_of(c)->compression, &of(c)->records);
}

static struct status *record_element(struct cursor *c, struct run_env *env, struct tensor *out,
                                     bool *over)
{
    const void *bytes;
    size_t n;
    TRY(record_next(of(c)->records, &bytes, &n, over));
    return *over ? NULL : text(out, env, bytes, n);
}

static struct status *record_next_element(struct cursor *c, struct run_env *env,
                                          struct tensor *out, bool *end)
{
    return files_next(c, env, out, end, open_records, record_element);
}

static const struct dataset_kind TF_RECORD = {
    .name = "TFRecord", .size = sizeof(struct files), .cursor = sizeof(struct files_cursor),
    .next = record_next_element, .finish = files_finish, .release = files_release
};

/* ---- FixedLengthRecordDataset ---- */

static struct status *check_length(const struct cursor *c)
{
    const struct files *d = files_of(c);
    struct stat s;
    if (d->compression != PLAIN || stat(name_of(c), &s))
        return NULL;                        /* what cannot be opened says so itself */
    int64_t body = (int64_t)s.st_size - d->header - d->footer;
    ENSURE(body >= 0 && body % d->record == 0, "Excluding the header (%lld bytes) and footer (%lld "
           "bytes), input file \"%s\" has body length %lld bytes, which is not an exact multiple "
           "of the record length (%lld bytes).", (long long)d->header, (long long)d->footer,
           name_of(c), (long long)body, (long long)d->record);
    return NULL;
}

static struct status *open_fixed(struct cursor *c)
{
    struct files_cursor *f = of(c);
    TRY(check_length(c));
    TRY(files_open(c));
    TRY(files_ahead(f, (size_t)files_of(c)->header));
    size_t header = (size_t)files_of(c)->header;
    f->at += header < f->n - f->at ? header : f->n - f->at;
    return NULL;
}

static struct status *fixed_element(struct cursor *c, struct run_env *env, struct tensor *out,
                                    bool *over)
{
    struct files_cursor *f = of(c);
    size_t record = (size_t)files_of(c)->record, footer = (size_t)files_of(c)->footer;
    TRY(files_ahead(f, record + footer));
    size_t has = f->n - f->at;
    *over = has <= footer;
    if (*over)
        return NULL;
    if (has < record + footer)
        return status_new(DATA_LOSS, "%s ends within a record of %zu bytes", name_of(c), record);
    struct status *st = text(out, env, f->bytes + f->at, record);
    f->at += record;
    return st;
}

static struct status *fixed_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    return files_next(c, env, out, end, open_fixed, fixed_element);
}

static const struct dataset_kind FIXED_LENGTH = {
    .name = "FixedLengthRecord", .size = sizeof(struct files),
    .cursor = sizeof(struct files_cursor), .next = fixed_next, .finish = files_finish,
    .release = files_release
};

/* ---- MatchingFilesDataset: the names themselves, sorted ---- */

static struct status *matching_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                    bool *end)
{
    struct files_cursor *f = of(c);
    *end = f->file == tensor_count(&files_of(c)->names);
    if (*end)
        return NULL;
    const char *name = name_of(c);
    f->file++;
    return text(out, env, name, strlen(name));
}

static const struct dataset_kind MATCHING = {
    .name = "MatchingFiles", .size = sizeof(struct files), .cursor = sizeof(struct files_cursor),
    .next = matching_next, .release = files_release
};

/* ---- in kernels ---- */

static struct status *make(struct kernel *k, const struct dataset_kind *kind, struct files **d)
{
    const enum dtype type = DT_STRING;
    ENSURE(kernel_in(k, 0)->shape.rank <= 1, "`filenames` must be a scalar or a vector.");
    TRY(dataset_make_as(k, kind, 0, 1, &type, &SHAPE_SCALAR, d));
    return kernel_keep(k, 0, &(*d)->names);
}

static struct status *read_compression(struct kernel *k, int i, enum compression *c)
{
    const struct tstring *name;
    TRY(dataset_text(k, i, "compression_type", &name));
    return compression_parse(tstring_data(name), c);
}

static struct status *read_buffer_size(struct kernel *k, int i)
{
    int64_t size;
    TRY(dataset_int(k, i, "buffer_size", &size));
    ENSURE(size >= 0, "`buffer_size` must be >= 0 (0 == no buffering)");
    return NULL;
}

struct status *files_take(struct kernel *k, struct files *d)
{
    ENSURE(kernel_in(k, 0)->shape.rank <= 1, "`filenames` must be a scalar or a vector.");
    TRY(read_compression(k, 1, &d->compression));
    TRY(read_buffer_size(k, 2));
    return kernel_keep(k, 0, &d->names);
}

static struct status *compressed_run(struct kernel *k, const struct dataset_kind *kind)
{
    const enum dtype type = DT_STRING;
    struct files *d;
    TRY(dataset_make_as(k, kind, 0, 1, &type, &SHAPE_SCALAR, &d));
    return files_take(k, d);
}

static struct status *line_run(struct kernel *k) { return compressed_run(k, &TEXT_LINE); }
static struct status *record_run(struct kernel *k) { return compressed_run(k, &TF_RECORD); }

/* What there is behind buffer_size is V2's. */
static struct status *fixed_run(struct kernel *k)
{
    enum compression c = PLAIN;
    struct files *d;
    int64_t header, record, footer;
    TRY(dataset_int(k, 1, "header_bytes", &header));
    TRY(dataset_int(k, 2, "record_bytes", &record));
    TRY(dataset_int(k, 3, "footer_bytes", &footer));
    ENSURE(header >= 0 && header <= INT32_MAX, "header_bytes must be >= 0");
    ENSURE(record > 0 && record <= INT32_MAX, "record_bytes must be > 0");
    ENSURE(footer >= 0 && footer <= INT32_MAX, "footer_bytes must be >= 0");
    TRY(read_buffer_size(k, 4));
    if (k->n_in > 5)
        TRY(read_compression(k, 5, &c));
    TRY(make(k, &FIXED_LENGTH, &d));
    d->compression = c;
    d->header = header;
    d->record = record;
    d->footer = footer;
    return NULL;
}

static struct status *names_from(const glob_t *found, struct tensor *names)
{
    TRY(tensor_new(names, NULL, DT_STRING, &SHAPE((int64_t)found->gl_pathc)));
    for (size_t i = 0; i < found->gl_pathc; i++)
        NEED(tstring_set((struct tstring *)names->data + i, found->gl_pathv[i],
                         strlen(found->gl_pathv[i])));
    return NULL;
}

static struct status *matching_run(struct kernel *k)
{
    const enum dtype type = DT_STRING;
    const struct tensor *patterns = kernel_in(k, 0);
    struct files *d;
    glob_t found = { 0 };
    ENSURE(patterns->shape.rank <= 1, "patterns must be a scalar or a vector.");
    TRY(dataset_make_as(k, &MATCHING, 0, 1, &type, &SHAPE_SCALAR, &d));
    for (int64_t i = 0; i < tensor_count(patterns); i++)
        glob(tstring_data((const struct tstring *)patterns->data + i), i ? GLOB_APPEND : 0, NULL,
             &found);
    struct status *st = names_from(&found, &d->names);
    globfree(&found);
    return st;
}

/* ---- the rows ---- */

#define FILES_OP(op_name, in, run, sentence)                                                \
    { .name = op_name, .inputs = in, .outputs = "handle: variant", .attrs = "",             \
      .doc = sentence, .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = run,       \
      .flags = OP_STATEFUL }

#define FIXED_IN "filenames: string, header_bytes: int64, record_bytes: int64, " \
                 "footer_bytes: int64, buffer_size: int64"

const struct op ops_dataset_file[] = {
    FILES_OP("TextLineDataset",
             "filenames: string, compression_type: string, buffer_size: int64", line_run,
             "The lines of text files."),
    FILES_OP("TFRecordDataset",
             "filenames: string, compression_type: string, buffer_size: int64", record_run,
             "The records of TFRecord files."),
    FILES_OP("FixedLengthRecordDataset", FIXED_IN, fixed_run,
             "The records of files whose records are all of one length."),
    FILES_OP("FixedLengthRecordDatasetV2", FIXED_IN ", compression_type: string", fixed_run,
             "The records of files whose records are all of one length."),
    FILES_OP("MatchingFilesDataset", "patterns: string", matching_run,
             "The names of the files that patterns match."),
    FILES_OP("ExperimentalMatchingFilesDataset", "patterns: string", matching_run,
             "The names of the files that patterns match."),
    { 0 }
};
