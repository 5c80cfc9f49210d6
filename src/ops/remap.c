/* remap.c - weights carried over to another vocabulary: GenerateVocabRemapping says where the new
 * words stood in the old one, LoadAndRemapMatrix reads a matrix so from a checkpoint. */
#include "graph/graph.h"
#include "base/map.h"
#include "base/mem.h"
#include "io/checkpoint.h"
#include "io/file.h"
#include "op/kernel.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "tensor/tstring.h"

#include <string.h>

static struct status *path_in(const struct kernel *k, int i, const char *name, const char **path)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 0, "%s tensor must be a scalar, got shape %s", name,
           SHAPE_STR(&t->shape));
    *path = tstring_data(t->data);
    return NULL;
}

/* ---- GenerateVocabRemapping ---- */

/* A file's lines, one after the other. */
struct lines { char *bytes, *next, *end; };

static struct status *lines_open(const char *path, struct lines *l)
{
    size_t n;
    TRY(file_load(path, &l->bytes, &n));
    l->next = l->bytes;
    l->end = l->bytes + n;
    return NULL;
}

/* NULL: there are no more. */
static const char *lines_next(struct lines *l)
{
    char *line = l->next;
    if (line == l->end)
        return NULL;
    char *end = memchr(line, '\n', (size_t)(l->end - line));
    l->next = end ? end + 1 : l->end;
    end = end ? end : l->end;
    if (end > line && end[-1] == '\r')
        end--;
    *end = 0;
    return line;
}

/* Words to 1 + the number of their lines, `most` of them (negative: all). */
static struct status *words_read(struct lines *l, int64_t most, struct map *words)
{
    const char *word;
    for (uintptr_t i = 1; (most < 0 || (int64_t)i <= most) && (word = lines_next(l)); i++) {
        ENSURE(!map_get(words, word), "HashTable has different value for same key. Key %s has %lld "
               "and trying to add value %lld", word,
               (long long)(uintptr_t)map_get(words, word) - 1, (long long)i - 1);
        NEED(map_put(words, word, (void *)i));
    }
    return NULL;
}

/* New words from line `offset` on; what is not there, or was not in the old file, is -1. */
static int32_t words_place(struct lines *l, const struct map *words, int64_t offset, int64_t *to,
                           int64_t n)
{
    int32_t present = 0;
    const char *word = "";
    for (int64_t i = 0; i < offset && word; i++)
        word = lines_next(l);
    for (int64_t i = 0; i < n; i++) {
        word = word ? lines_next(l) : NULL;
        to[i] = word ? (int64_t)(uintptr_t)map_get(words, word) - 1 : -1;
        present += to[i] >= 0;
    }
    return present;
}

static struct status *vocab_remap(struct kernel *k, struct lines *fresh, struct lines *old,
                                  struct map *words)
{
    const char *new_path, *old_path;
    int64_t n = node_attr(k->node, "num_new_vocab");
    TRY(path_in(k, 0, "new_vocab_file", &new_path));
    TRY(path_in(k, 1, "old_vocab_file", &old_path));
    TRY(lines_open(old_path, old));
    TRY(lines_open(new_path, fresh));
    TRY(words_read(old, node_attr(k->node, "old_vocab_size"), words));
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(n)));
    TRY(kernel_new(k, 1, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 1)->data =
        words_place(fresh, words, node_attr(k->node, "new_vocab_offset"),
                    kernel_out(k, 0)->data, n);
    return NULL;
}

static struct status *vocab(struct kernel *k)
{
    struct lines fresh = { 0 }, old = { 0 };
    struct map words = { 0 };
    struct status *st = vocab_remap(k, &fresh, &old, &words);
    map_free(&words);
    mem_free(fresh.bytes);
    mem_free(old.bytes);
    return st;
}

static struct status *vocab_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    *shape_out(c, 0) = SHAPE(node_attr(c->node, "num_new_vocab"));
    *shape_out(c, 1) = SHAPE_SCALAR;
    return NULL;
}

/* ---- LoadAndRemapMatrix ---- */

/* Old numbers of the rows, or columns: each at most once, -1 for those that are new. */
static struct status *remapping_check(struct kernel *k, const struct tensor *t, const char *name,
                                      const char *count, int64_t n, int64_t old)
{
    bool *seen;
    ENSURE(tensor_count(t) == n, "Size of %s is different from %s: %lld vs. %lld", name, count,
           (long long)tensor_count(t), (long long)n);
    TRY(kernel_temp(k, (size_t)old + 1, &seen));
    memset(seen, 0, (size_t)old + 1);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = index_at(t, i);
        ENSURE(at >= -1 && at < old, "%s[%lld] = %lld is not in [-1, %lld)", name, (long long)i,
               (long long)at, (long long)old);
        ENSURE(at < 0 || !seen[at], "%s has duplicate old id: %lld", name, (long long)at);
        if (at >= 0)
            seen[at] = true;
    }
    return NULL;
}

/* Row by row: from the old matrix what was there, in turn from the initial values what was not. */
static struct status *remap_fill(struct kernel *k, const struct tensor *old)
{
    const struct tensor *rows = kernel_in(k, 2), *columns = kernel_in(k, 3);
    const struct tensor *initial = kernel_in(k, 4);
    const struct shape *s = &kernel_out(k, 0)->shape;
    const float *from = old->data, *more = initial->data, *end = more + tensor_count(initial);
    float *to = kernel_out(k, 0)->data;
    bool same = tensor_count(columns) == 0;
    for (int64_t i = 0; i < s->dim[0]; i++)
        for (int64_t j = 0; j < s->dim[1]; j++) {
            int64_t row = index_at(rows, i), column = same ? j : index_at(columns, j);
            bool there = row >= 0 && column >= 0;
            ENSURE(there || more < end, "initializing_values has %lld elements, which are too few",
                   (long long)tensor_count(initial));
            *to++ = there ? from[row * old->shape.dim[1] + column] : *more++;
        }
    ENSURE(more == end, "initializing_values has %lld elements, of which %lld are used",
           (long long)tensor_count(initial), (long long)tensor_count(initial) -
           (long long)(end - more));
    return NULL;
}

static struct status *remap_with(struct kernel *k, const struct tensor *old)
{
    int64_t rows = node_attr(k->node, "num_rows"), columns = node_attr(k->node, "num_cols");
    const struct tensor *map = kernel_in(k, 3);
    ENSURE(old->dtype == DT_FLOAT && old->shape.rank == 2, "The old tensor must be a matrix of "
           "float, but is of %s and shape %s", dtype_name(old->dtype), SHAPE_STR(&old->shape));
    TRY(remapping_check(k, kernel_in(k, 2), "row_remapping", "num_rows", rows,
                        old->shape.dim[0]));
    if (tensor_count(map))
        TRY(remapping_check(k, map, "col_remapping", "num_cols", columns, old->shape.dim[1]));
    else
        ENSURE(old->shape.dim[1] == columns, "Without col_remapping num_cols must be %lld, as in "
               "the checkpoint, not %lld", (long long)old->shape.dim[1], (long long)columns);
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(rows, columns)));
    return remap_fill(k, old);
}

static struct status *remap_from(struct kernel *k, struct checkpoint *c)
{
    const struct tstring *name = kernel_in(k, 1)->data;
    struct piece key = { tstring_data(name), tstring_len(name) };
    const struct saved *entry = checkpoint_find(c, key);
    struct tensor old;
    if (!entry)
        return checkpoint_no_key(key);
    TRY(checkpoint_read(c, entry, NULL, k->env->buffers, k->env->threads, &old));
    struct status *st = remap_with(k, &old);
    tensor_unref(&old);
    return st;
}

static struct status *remap(struct kernel *k)
{
    const char *path, *name;
    struct checkpoint *c;
    TRY(path_in(k, 0, "ckpt_path", &path));
    TRY(path_in(k, 1, "old_tensor_name", &name));
    TRY(checkpoint_open(path, &c));
    struct status *st = remap_from(k, c);
    checkpoint_free(c);
    return st;
}

static struct status *remap_shape(struct shape_ctx *c)
{
    int64_t rows;
    TRY(shape_want_rank(shape_in(c, 1), 0));
    TRY(shape_want_rank(shape_in(c, 2), 1));
    TRY(shape_want_rank(shape_in(c, 3), 1));
    if (shape_in(c, 2)->rank == 1)
        TRY(dim_merge(shape_in(c, 2)->dim[0], node_attr(c->node, "num_rows"), &rows));
    *shape_out(c, 0) = SHAPE(node_attr(c->node, "num_rows"), node_attr(c->node, "num_cols"));
    return NULL;
}

const struct op ops_remap[] = {
    { .name = "GenerateVocabRemapping",
      .inputs = "new_vocab_file: string, old_vocab_file: string",
      .outputs = "remapping: int64, num_present: int32",
      .attrs = "new_vocab_offset: int >= 0; num_new_vocab: int >= 0; "
               "old_vocab_size: int >= -1 = -1",
      .doc = "The lines in an old file that words of a new one stood in (-1: none), and how many "
             "were there.",
      .shape = vocab_shape, .grad = NO_GRADIENT, .kernel_any = vocab, .flags = OP_HOST },
    { .name = "LoadAndRemapMatrix",
      .inputs = "ckpt_path: string, old_tensor_name: string, row_remapping: int64, "
                "col_remapping: int64, initializing_values: float",
      .outputs = "output_matrix: float",
      .attrs = "num_rows: int >= 0; num_cols: int >= 1; max_rows_in_memory: int = -1",
      .doc = "Rows and columns of a matrix in a checkpoint, in another order; those that are new "
             "get initial values.",
      .shape = remap_shape, .grad = NO_GRADIENT, .kernel_any = remap,
      .flags = OP_STATEFUL | OP_HOST },
    { 0 }
};
