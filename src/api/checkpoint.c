/* checkpoint.c - weft.h: checkpoints as files, and the saver. */
#include "api/api.h"
#include "base/mem.h"
#include "io/bundle_out.h"

struct weft_status *weft_checkpoint_open(const char *prefix, struct weft_checkpoint **result)
{
    return status_out(checkpoint_open(prefix, (struct checkpoint **)result));
}

void weft_checkpoint_free(struct weft_checkpoint *c) { checkpoint_free(checkpoint_in(c)); }
bool weft_checkpoint_exists(const char *prefix) { return checkpoint_exists(prefix); }
int weft_checkpoint_count(const struct weft_checkpoint *c) { return (int)checkpoint_in(c)->n; }

static const struct saved *entry(const struct weft_checkpoint *c, int i)
{
    return &checkpoint_in(c)->entry[i];
}

const char *weft_checkpoint_name(const struct weft_checkpoint *c, int i)
{
    return entry(c, i)->name.p;
}

enum weft_dtype weft_checkpoint_dtype(const struct weft_checkpoint *c, int i)
{
    return (enum weft_dtype)entry(c, i)->dtype;
}

int weft_checkpoint_shape(const struct weft_checkpoint *c, int i, int64_t dims[WEFT_MAX_RANK])
{
    memcpy(dims, entry(c, i)->shape.dim, sizeof entry(c, i)->shape.dim);
    return entry(c, i)->shape.rank;
}

int weft_checkpoint_parts(const struct weft_checkpoint *c, int i) { return entry(c, i)->n_slices; }

int weft_checkpoint_find(const struct weft_checkpoint *c, const char *name)
{
    const struct saved *e = checkpoint_find(checkpoint_in(c), piece_of(name));
    return e ? (int)(e - checkpoint_in(c)->entry) : -1;
}

static struct status *read_entry(struct checkpoint *c, int i, struct weft_tensor **value)
{
    struct tensor t;
    ENSURE(i >= 0 && (size_t)i < c->n, "Tensor %d of a checkpoint with %zu", i, c->n);
    TRY(checkpoint_read(c, &c->entry[i], NULL, NULL, 0, &t));
    NEED(*value = tensor_box(NULL, t));
    return NULL;
}

struct weft_status *weft_checkpoint_read(struct weft_checkpoint *c, int i,
                                         struct weft_tensor **value)
{
    return status_out(read_entry(checkpoint_in(c), i, value));
}

static struct status *verify(struct checkpoint *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct tensor t;
        TRY(checkpoint_read(c, &c->entry[i], NULL, NULL, 0, &t));
        tensor_unref(&t);
    }
    return NULL;
}

struct weft_status *weft_checkpoint_verify(struct weft_checkpoint *c)
{
    return status_out(verify(checkpoint_in(c)));
}

static struct status *write_all(struct bundle_out *b, const char *const *names,
                                struct weft_tensor *const *values, int n)
{
    for (int i = 0; i < n; i++)
        TRY(bundle_add(b, piece_of(names[i]), &values[i]->t));
    return bundle_finish(b);
}

static struct status *write_checkpoint(const char *prefix, const char *const *names,
                                       struct weft_tensor *const *values, int n)
{
    struct bundle_out b;
    TRY(bundle_begin(&b, prefix));
    struct status *st = write_all(&b, names, values, n);
    bundle_release(&b);
    return st;
}

struct weft_status *weft_checkpoint_write(const char *prefix, const char *const *names,
                                          struct weft_tensor *const *values, int n)
{
    return status_out(write_checkpoint(prefix, names, values, n));
}
