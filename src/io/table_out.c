/* table_out.c - tables written: the same bytes as TensorFlow's for the same entries. */
#include "io/crc32c.h"
#include "io/table.h"

enum { BLOCK = 262144, WHOLE_KEY_EVERY = 16, HANDLES = 40 };

static const char magic[8] = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";

void table_begin(struct table_out *t, struct file_out *file)
{
    *t = (struct table_out){ .file = file };
}

static void put_entry(struct str *to, size_t shared, struct piece key, struct piece value)
{
    put_varint(to, shared);
    put_varint(to, key.n - shared);
    put_varint(to, value.n);
    str_add(to, key.p + shared, key.n - shared);
    str_add(to, value.p, value.n);
}

/* Writes the block and the places of its whole keys, and says where it went. */
static struct status *put_block(struct table_out *t, struct str *block, struct str *restarts,
                                struct str *place)
{
    char packing = 0;
    if (!restarts->n)
        put_u32(restarts, 0);
    str_add(block, str_text(restarts), restarts->n);
    put_u32(block, (uint32_t)(restarts->n / 4));
    put_varint(place, t->file->at);
    put_varint(place, block->n);
    str_add(block, &packing, 1);
    NEED(!block->failed && !restarts->failed);
    put_u32(block, crc32c_mask(crc32c(block->text, block->n)));
    NEED(!block->failed);
    TRY(file_put(t->file, block->text, block->n));
    block->n = restarts->n = 0;
    return NULL;
}

/* A short key that is not less than the last one of a block and less than the next: `last` is
 * shortened to it. Without a next one, any that is not less. */
static void shorten(struct str *last, const struct piece *next)
{
    size_t i = 0;
    unsigned char *p = (unsigned char *)last->text;
    if (next) {
        while (i < last->n && i < next->n && last->text[i] == next->p[i])
            i++;
        if (i == next->n || i == last->n || p[i] == 255 || p[i] + 1 >= (unsigned char)next->p[i])
            return;
    } else {
        while (i < last->n && p[i] == 255)
            i++;
        if (i == last->n)
            return;
    }
    p[i]++;
    last->n = i + 1;
}

/* The index has whole keys only. */
static void put_index(struct table_out *t, const struct piece *next)
{
    struct piece place = { str_text(&t->waiting), t->waiting.n };
    if (!t->waiting.n)
        return;
    shorten(&t->last, next);
    put_u32(&t->index_restarts, (uint32_t)t->index.n);
    put_entry(&t->index, 0, (struct piece){ str_text(&t->last), t->last.n }, place);
    t->waiting.n = 0;
}

static size_t shared_of(const struct table_out *t, struct piece key)
{
    size_t i = 0;
    while (i < key.n && i < t->last.n && key.p[i] == t->last.text[i])
        i++;
    return i;
}

static struct status *flush(struct table_out *t)
{
    if (!t->block.n)
        return NULL;
    TRY(put_block(t, &t->block, &t->restarts, &t->waiting));
    t->since = 0;
    return NULL;
}

struct status *table_add(struct table_out *t, struct piece key, struct piece value)
{
    bool whole = t->since == 0;
    put_index(t, &key);
    if (whole)
        put_u32(&t->restarts, (uint32_t)t->block.n);
    put_entry(&t->block, whole ? 0 : shared_of(t, key), key, value);
    t->since = (t->since + 1) % WHOLE_KEY_EVERY;
    t->last.n = 0;
    str_add(&t->last, key.p, key.n);
    NEED(!t->block.failed && !t->last.failed && !t->index.failed);
    return t->block.n + t->restarts.n + 4 >= BLOCK ? flush(t) : NULL;
}

struct status *table_end(struct table_out *t)
{
    struct str none = { 0 }, no_restarts = { 0 };
    TRY(flush(t));
    struct status *st = put_block(t, &none, &no_restarts, &t->footer);
    str_free(&none);
    str_free(&no_restarts);
    if (st)
        return st;
    put_index(t, NULL);
    TRY(put_block(t, &t->index, &t->index_restarts, &t->footer));
    while (t->footer.n < HANDLES)
        str_add(&t->footer, "", 1);
    str_add(&t->footer, magic, sizeof magic);
    NEED(!t->footer.failed);
    return file_put(t->file, t->footer.text, t->footer.n);
}

void table_out_release(struct table_out *t)
{
    struct str *s[] = { &t->block, &t->restarts, &t->index, &t->index_restarts, &t->last,
                        &t->waiting, &t->footer };
    for (size_t i = 0; i < sizeof s / sizeof *s; i++)
        str_free(s[i]);
}
