/* checkpoint.c - saving and restoring: SaveV2, RestoreV2, MergeV2Checkpoints, ShardedFilename,
 * ShardedFilespec, and the older Save, SaveSlices, Restore, RestoreSlice. The formats are io's. */
#include "base/str.h"
#include "graph/graph.h"
#include "io/bundle_out.h"
#include "io/slices_out.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#include <unistd.h>

/* ---- strings in inputs ---- */

static const struct tstring *strings(const struct kernel *k, int i)
{
    return kernel_in(k, i)->data;
}

static struct piece piece_at(const struct kernel *k, int input, int64_t i)
{
    const struct tstring *s = strings(k, input) + i;
    return (struct piece){ tstring_data(s), tstring_len(s) };
}

/* A name of a file: one string. TF's messages name the input. */
static struct status *file_name(const struct kernel *k, int i, const char *what, const char **name)
{
    int64_t n = tensor_count(kernel_in(k, i));
    ENSURE(n == 1, "Input %d (%s) must be a string scalar; got a tensor of %lld elements", i, what,
           (long long)n);
    *name = tstring_data(strings(k, i));
    return NULL;
}

static struct status *want_vector(const struct kernel *k, int i, const char *what, int64_t n)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 1, "Input %d (%s) should be a 1-D tensor, got shape %s", i, what,
           SHAPE_STR(&t->shape));
    ENSURE(t->shape.dim[0] == n, "Input %d (%s) has %lld elements, but there are %lld tensors", i,
           what, (long long)t->shape.dim[0], (long long)n);
    return NULL;
}

/* ---- saving ---- */

/* What shape_and_slice says of the tensor; `part` false: nothing. */
static struct status *spec_of(struct piece spec, const struct tensor *t, struct shape *whole,
                              struct slice *s, bool *part)
{
    struct shape shape;
    *part = spec.n > 0;
    *whole = t->shape;
    *s = slice_all(t->shape.rank);
    if (!*part)
        return NULL;
    TRY(slice_parse(spec, whole, s, &shape));
    ENSURE(shape_equal(&shape, &t->shape), "Slice in shape_and_slice specification does not match "
           "the shape of the tensor to save: %.*s, tensor: %s", (int)spec.n, spec.p,
           SHAPE_STR(&t->shape));
    return NULL;
}

enum { FILE_NAME, NAMES, SPECS };               /* inputs; the tensors come last */

static struct status *save_bundle(struct kernel *k, struct bundle_out *b)
{
    for (int i = 3; i < k->n_in; i++) {
        struct shape whole;
        struct slice s;
        bool part;
        TRY(spec_of(piece_at(k, SPECS, i - 3), kernel_in(k, i), &whole, &s, &part));
        TRY(part ? bundle_add_slice(b, piece_at(k, NAMES, i - 3), &whole, &s, kernel_in(k, i))
                 : bundle_add(b, piece_at(k, NAMES, i - 3), kernel_in(k, i)));
    }
    return bundle_finish(b);
}

static struct status *save_v2(struct kernel *k)
{
    const char *prefix;
    struct bundle_out b;
    TRY(file_name(k, FILE_NAME, "prefix", &prefix));
    TRY(want_vector(k, NAMES, "tensor_names", k->n_in - 3));
    TRY(want_vector(k, SPECS, "shape_and_slices", k->n_in - 3));
    TRY(bundle_begin(&b, prefix));
    struct status *st = save_bundle(k, &b);
    bundle_release(&b);
    return st;
}

/* Without shapes_and_slices (Save) the tensors begin where they would be. */
static struct status *save_slices(struct kernel *k, int first, const char *path)
{
    struct slices_out o;
    struct status *st = slices_begin(&o, k->n_in - first);
    for (int i = first; i < k->n_in && !st; i++) {
        const struct tensor *t = kernel_in(k, i);
        struct shape whole;
        struct slice s;
        bool part;
        struct piece spec = first > SPECS ? piece_at(k, SPECS, i - first) : (struct piece){ 0 };
        st = spec_of(spec, t, &whole, &s, &part);
        if (!st)
            st = slices_add(&o, piece_at(k, NAMES, i - first), &whole, &s, t);
    }
    if (!st)
        st = slices_finish(&o, path);
    slices_release(&o);
    return st;
}

static struct status *save(struct kernel *k)
{
    const char *path;
    TRY(file_name(k, FILE_NAME, "filename", &path));
    TRY(want_vector(k, NAMES, "tensor_names", k->n_in - SPECS));
    return save_slices(k, SPECS, path);
}

static struct status *save_with_slices(struct kernel *k)
{
    const char *path;
    TRY(file_name(k, FILE_NAME, "filename", &path));
    TRY(want_vector(k, NAMES, "tensor_names", k->n_in - SPECS - 1));
    TRY(want_vector(k, SPECS, "shapes_and_slices", k->n_in - SPECS - 1));
    return save_slices(k, SPECS + 1, path);
}

/* ---- restoring ---- */

static const struct saved *find(const struct checkpoint *c, struct piece name, struct status **st)
{
    const struct saved *e = checkpoint_find(c, name);
    *st = e ? NULL : checkpoint_no_key(name);
    return e;
}

static struct status *restore_one(struct kernel *k, struct checkpoint *c, struct piece name,
                                  struct piece spec, struct tensor *t)
{
    struct shape whole, part;
    struct slice s;
    struct status *st;
    const struct saved *e = find(c, name, &st);
    if (st)
        return st;
    if (!spec.n)
        return checkpoint_read(c, e, NULL, k->env->buffers, k->env->threads, t);
    TRY(slice_parse(spec, &whole, &s, &part));
    ENSURE(shape_equal(&whole, &e->shape), "tensor_name = %.*s; shape in shape_and_slice spec %s "
           "does not match the shape stored in checkpoint: %s", (int)name.n, name.p,
           SHAPE_STR(&whole), SHAPE_STR(&e->shape));
    return checkpoint_read(c, e, &s, k->env->buffers, k->env->threads, t);
}

/* Before anything is read (G9, G10). */
static struct status *check_type(const struct checkpoint *c, struct piece name, enum dtype want)
{
    struct status *st;
    const struct saved *e = find(c, name, &st);
    if (st)
        return st;
    ENSURE(e->dtype == want, "tensor_name = %.*s; expected dtype %s does not equal original dtype "
           "%s", (int)name.n, name.p, dtype_name(want), dtype_name(e->dtype));
    return NULL;
}

static struct status *restore_all(struct kernel *k, struct checkpoint *c)
{
    int n = k->node->n_out;
    for (int i = 0; i < n; i++)
        TRY(check_type(c, piece_at(k, NAMES, i), k->node->dtype[i]));
    for (int i = 0; i < n; i++)
        TRY(restore_one(k, c, piece_at(k, NAMES, i), piece_at(k, SPECS, i), kernel_out(k, i)));
    return NULL;
}

static struct status *restore_v2(struct kernel *k)
{
    const char *prefix;
    struct checkpoint *c;
    TRY(file_name(k, FILE_NAME, "prefix", &prefix));
    TRY(want_vector(k, NAMES, "tensor_names", k->node->n_out));
    TRY(want_vector(k, SPECS, "shape_and_slices", k->node->n_out));
    TRY(checkpoint_open(prefix, &c));
    struct status *st = restore_all(k, c);
    checkpoint_free(c);
    return st;
}

/* The older ops name one tensor each. */
static struct status *restore_scalar(struct kernel *k, bool sliced)
{
    const char *pattern, *unused;
    struct checkpoint *c;
    struct piece spec = { 0 };
    TRY(file_name(k, FILE_NAME, "file_pattern", &pattern));
    TRY(file_name(k, NAMES, "tensor_name", &unused));
    if (sliced) {
        TRY(file_name(k, SPECS, "shape_and_slice", &unused));
        spec = piece_at(k, SPECS, 0);
    }
    TRY(checkpoint_open(pattern, &c));
    struct status *st = check_type(c, piece_at(k, NAMES, 0), k->node->dtype[0]);
    if (!st)
        st = restore_one(k, c, piece_at(k, NAMES, 0), spec, kernel_out(k, 0));
    checkpoint_free(c);
    return st;
}

static struct status *restore(struct kernel *k) { return restore_scalar(k, false); }
static struct status *restore_slice(struct kernel *k) { return restore_scalar(k, true); }

/* What the specification says of output i's shape, where it is known. */
static struct status *spec_shape(struct shape_ctx *c, const struct tensor *specs, int i)
{
    struct shape whole;
    struct slice s;
    const struct tstring *text = (const struct tstring *)specs->data + i;
    if (!tstring_len(text))
        return NULL;
    return slice_parse((struct piece){ tstring_data(text), tstring_len(text) }, &whole, &s,
                       shape_out(c, i));
}

static struct status *restore_v2_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 1));
    const struct tensor *specs = shape_in_value(c, SPECS);
    for (int i = 0; specs && i < c->n_out && i < tensor_count(specs); i++)
        TRY(spec_shape(c, specs, i));
    return NULL;
}

static struct status *restore_shape(struct shape_ctx *c)
{
    for (int i = 0; i < c->n_in; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    return NULL;
}

static struct status *restore_slice_shape(struct shape_ctx *c)
{
    TRY(restore_shape(c));
    const struct tensor *spec = shape_in_value(c, SPECS);
    return spec ? spec_shape(c, spec, 0) : NULL;
}

static struct status *save_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    return shape_want_rank(shape_in(c, 1), 1);
}

static struct status *save_v2_shape(struct shape_ctx *c)
{
    TRY(save_shape(c));
    return shape_want_rank(shape_in(c, 2), 1);
}

/* ---- names, merging ---- */

static struct status *merge_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    return shape_want_rank(shape_in(c, 1), 0);
}

static struct status *merge_prepare(struct prep *p)
{
    bool *delete_folders;
    TRY(prep_state(p, sizeof *delete_folders, &delete_folders));
    *delete_folders = node_attr(p->node, "delete_old_dirs");
    return NULL;
}

/* The folders were made for the parts; one that holds anything else stays. */
static struct status *remove_folder(const char *prefix, const char *other)
{
    struct str s = { 0 };
    str_add(&s, prefix, file_folder(prefix));
    bool same = file_folder(other) == s.n && !strncmp(other, str_text(&s), s.n);
    if (s.n && !same && !s.failed)
        (void)rmdir(s.text);
    str_free(&s);
    return NULL;
}

static struct status *merge(struct kernel *k)
{
    const struct tensor *from = kernel_in(k, 0);
    const char *to, **names;
    int64_t n = tensor_count(from);
    ENSURE(from->shape.rank == 1, "Input checkpoint_prefixes should be an 1-D tensor, got %s "
           "instead.", SHAPE_STR(&from->shape));
    TRY(file_name(k, 1, "destination_prefix", &to));
    TRY(kernel_temp(k, (size_t)n * sizeof *names, &names));
    for (int64_t i = 0; i < n; i++)
        names[i] = tstring_data(strings(k, 0) + i);
    TRY(bundle_merge(names, (int)n, to));
    for (int64_t i = 0; i < n && *(const bool *)k->state; i++)
        TRY(remove_folder(names[i], to));
    return NULL;
}

static struct status *sharded_shape(struct shape_ctx *c)
{
    TRY(restore_shape(c));
    return shape_scalar(c);
}

static struct status *int_scalar(const struct kernel *k, int i, int *v)
{
    ENSURE(kernel_in(k, i)->shape.rank == 0, "Input %d must be a scalar, got shape %s", i,
           SHAPE_STR(&kernel_in(k, i)->shape));
    *v = *(const int32_t *)kernel_in(k, i)->data;
    return NULL;
}

static struct status *put_text(struct kernel *k, struct str *s)
{
    struct status *st = s->failed ? status_no_memory() : kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR);
    if (!st && !tstring_set(kernel_out(k, 0)->data, str_text(s), s->n))
        st = status_no_memory();
    str_free(s);
    return st;
}

static struct status *sharded_filename(struct kernel *k)
{
    struct str s = { 0 };
    int shard, n;
    const char *unused;
    TRY(file_name(k, 0, "basename", &unused));
    TRY(int_scalar(k, 1, &shard));
    TRY(int_scalar(k, 2, &n));
    str_add(&s, piece_at(k, 0, 0).p, piece_at(k, 0, 0).n);
    str_printf(&s, "-%05d-of-%05d", shard, n);
    return put_text(k, &s);
}

static struct status *sharded_filespec(struct kernel *k)
{
    struct str s = { 0 };
    int n;
    const char *unused;
    TRY(file_name(k, 0, "basename", &unused));
    TRY(int_scalar(k, 1, &n));
    str_add(&s, piece_at(k, 0, 0).p, piece_at(k, 0, 0).n);
    str_printf(&s, "-\?\?\?\?\?-of-%05d", n);
    return put_text(k, &s);
}

#define FILES OP_STATEFUL | OP_EXPENSIVE

const struct op ops_checkpoint[] = {
    { .name = "SaveV2",
      .inputs = "prefix: string, tensor_names: string, shape_and_slices: string, tensors: dtypes",
      .outputs = "", .attrs = "dtypes: list(type) >= 1",
      .doc = "Saves tensors, or slices of them, under their names in a V2 checkpoint.",
      .shape = save_v2_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = save_v2, .flags = FILES },
    { .name = "RestoreV2",
      .inputs = "prefix: string, tensor_names: string, shape_and_slices: string",
      .outputs = "tensors: dtypes", .attrs = "dtypes: list(type) >= 1",
      .doc = "The tensors of these names in a checkpoint, or slices of them; all or none.",
      .shape = restore_v2_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = restore_v2,
      .flags = FILES },
    { .name = "MergeV2Checkpoints",
      .inputs = "checkpoint_prefixes: string, destination_prefix: string", .outputs = "",
      .attrs = "delete_old_dirs: bool = true",
      .doc = "Makes one V2 checkpoint of several; their data files are renamed.",
      .shape = merge_shape, .grad = NOT_DIFFERENTIABLE, .prepare = merge_prepare,
      .kernel_any = merge, .flags = FILES },
    { .name = "Save", .inputs = "filename: string, tensor_names: string, data: T",
      .outputs = "", .attrs = "T: list(type) >= 1",
      .doc = "Saves tensors under their names in a V1 checkpoint.",
      .shape = save_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = save, .flags = FILES },
    { .name = "SaveSlices",
      .inputs = "filename: string, tensor_names: string, shapes_and_slices: string, data: T",
      .outputs = "", .attrs = "T: list(type) >= 1",
      .doc = "Saves slices of tensors under their names in a V1 checkpoint.",
      .shape = save_v2_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = save_with_slices,
      .flags = FILES },
    { .name = "Restore", .inputs = "file_pattern: string, tensor_name: string",
      .outputs = "tensor: dt", .attrs = "dt: type; preferred_shard: int = -1",
      .doc = "The tensor of this name in a checkpoint, which may be of several files.",
      .shape = restore_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = restore, .by = "dt",
      .flags = FILES },
    { .name = "RestoreSlice",
      .inputs = "file_pattern: string, tensor_name: string, shape_and_slice: string",
      .outputs = "tensor: dt", .attrs = "dt: type; preferred_shard: int = -1",
      .doc = "A slice of the tensor of this name in a checkpoint.",
      .shape = restore_slice_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = restore_slice,
      .by = "dt", .flags = FILES },
    { .name = "ShardedFilename", .inputs = "basename: string, shard: int32, num_shards: int32",
      .outputs = "filename: string", .attrs = "",
      .doc = "The name of a file that is one of several: NAME-00000-of-00002.",
      .shape = sharded_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = sharded_filename },
    { .name = "ShardedFilespec", .inputs = "basename: string, num_shards: int32",
      .outputs = "filename: string", .attrs = "",
      .doc = "The pattern of all the names that ShardedFilename gives: NAME-*-of-00002.",
      .shape = sharded_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = sharded_filespec },
    { 0 }
};
