#include "io/bundle_out.h"
#include "base/mem.h"
#include "io/crc32c.h"
#include "tensor/tstring.h"

#include <sys/stat.h>

enum { CHUNK = 1 << 20 };       /* its checksum is taken and it is written while a cache has it */

/* TF: the folder is made, its parents are not. */
static struct status *begin(struct bundle_out *b, const char *prefix)
{
    NEED(b->prefix = arena_strdup(&b->arena, prefix));
    char *folder = arena_strndup(&b->arena, prefix, file_folder(prefix));
    char *data = arena_printf(&b->arena, "%s.data-00000-of-00001", prefix);
    NEED(folder && data);
    if (*folder)
        (void)mkdir(folder, 0777);
    return file_create(&b->data, data);
}

struct status *bundle_begin(struct bundle_out *b, const char *prefix)
{
    *b = (struct bundle_out){ .data = { .fd = -1 } };
    struct status *st = begin(b, prefix);
    if (st)
        bundle_release(b);
    return st;
}

void bundle_release(struct bundle_out *b)
{
    file_abandon(&b->data);
    arena_free(&b->arena);
}

/* ---- values ---- */

static struct status *put_numbers(struct file_out *f, const struct tensor *t, uint32_t *crc)
{
    const char *p = t->data;
    for (size_t n, left = tensor_bytes(t); left; left -= n, p += n) {
        n = left < CHUNK ? left : CHUNK;
        *crc = crc32c_extend(*crc, p, n);
        TRY(file_put(f, p, n));
    }
    return NULL;
}

/* Every length as a varint, then a checksum of them, as numbers of four bytes (or eight). */
static void put_lengths(const struct tensor *t, struct str *to, uint32_t *crc)
{
    const struct tstring *s = t->data;
    for (int64_t i = 0; i < tensor_count(t); i++) {
        uint64_t n = tstring_len(&s[i]);
        uint32_t narrow = (uint32_t)n;
        put_varint(to, n);
        *crc = n <= UINT32_MAX ? crc32c_extend(*crc, &narrow, sizeof narrow)
                               : crc32c_extend(*crc, &n, sizeof n);
    }
    put_u32(to, crc32c_mask(*crc));
    if (!to->failed)
        *crc = crc32c_extend(*crc, to->text + to->n - 4, 4);
}

static struct status *put_strings(struct file_out *f, const struct tensor *t, uint32_t *crc)
{
    const struct tstring *s = t->data;
    struct str lengths = { 0 };
    put_lengths(t, &lengths, crc);
    struct status *st = lengths.failed ? status_no_memory() : file_put(f, lengths.text, lengths.n);
    str_free(&lengths);
    for (int64_t i = 0; i < tensor_count(t) && !st; i++) {
        *crc = crc32c_extend(*crc, tstring_data(&s[i]), tstring_len(&s[i]));
        st = file_put(f, tstring_data(&s[i]), tstring_len(&s[i]));
    }
    return st;
}

static struct status *new_entry(struct bundle_out *b, struct piece name, enum dtype dtype,
                                const struct shape *shape, struct saved **e)
{
    NEED(b->entry = saved_grow(&b->arena, b->entry, b->n, &b->room));
    *e = &b->entry[b->n];
    **e = (struct saved){ .dtype = dtype, .shape = *shape, .name = { NULL, name.n } };
    NEED((*e)->name.p = arena_strndup(&b->arena, name.p, name.n));
    b->n++;
    return NULL;
}

static struct status *add(struct bundle_out *b, struct piece key, const struct tensor *t)
{
    struct saved *e;
    if (t->dtype == DT_RESOURCE || t->dtype == DT_VARIANT)
        return status_new(UNIMPLEMENTED, "A tensor of type %s cannot be saved",
                          dtype_name(t->dtype));
    TRY(new_entry(b, key, t->dtype, &t->shape, &e));
    e->offset = b->data.at;
    TRY(t->dtype == DT_STRING ? put_strings(&b->data, t, &e->crc)
                              : put_numbers(&b->data, t, &e->crc));
    e->size = b->data.at - e->offset;
    return NULL;
}

/* The empty key is the header's, and those of parts begin with a zero. */
static struct status *check_name(struct piece name)
{
    ENSURE(name.n && *name.p, "A tensor to save needs a name");
    return NULL;
}

struct status *bundle_add(struct bundle_out *b, struct piece name, const struct tensor *t)
{
    TRY(check_name(name));
    return add(b, name, t);
}

/* Of the whole there is an entry a part, which are joined in the end. */
static struct status *add_whole(struct bundle_out *b, struct piece name, enum dtype dtype,
                                const struct shape *whole, const struct slice *s)
{
    struct saved *e;
    TRY(new_entry(b, name, dtype, whole, &e));
    e->offset = b->n;               /* their order */
    e->n_slices = 1;
    NEED(e->slice = arena_copy(&b->arena, s, sizeof *s));
    return NULL;
}

struct status *bundle_add_slice(struct bundle_out *b, struct piece name, const struct shape *whole,
                                const struct slice *s, const struct tensor *t)
{
    struct str key = { 0 };
    TRY(check_name(name));
    if (slice_is_all(s, whole))
        return add(b, name, t);
    TRY(add_whole(b, name, t->dtype, whole, s));
    slice_key(name, s, &key);
    struct status *st = key.failed ? status_no_memory()
                                   : add(b, (struct piece){ key.text, key.n }, t);
    str_free(&key);
    return st;
}

struct status *bundle_finish(struct bundle_out *b)
{
    TRY(file_sync(&b->data));
    return bundle_place(&b->arena, b->prefix, b->entry, b->n,
                        (const char *const *)&b->data.temp, 1);
}
