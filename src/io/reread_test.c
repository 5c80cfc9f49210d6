/* reread_test.c - what we wrote, read by a reader that shares nothing with ours: plain C, a bit at
 * a time. It knows as much of the formats as these tests need. */
#include "io/bundle_out.h"
#include "test/expect.h"
#include "tensor/tstring.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned char byte;

static byte *whole_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    byte *p = malloc(*n + 1);
    assert_int_equal(fread(p, 1, *n, f), *n);
    fclose(f);
    return p;
}

static unsigned checksum(const byte *p, size_t n)
{
    unsigned c = ~0u;
    while (n--) {
        c ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    }
    c = ~c;
    return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

static unsigned long number(const byte **p)
{
    unsigned long v = 0;
    for (int shift = 0;; shift += 7) {
        v |= (unsigned long)(**p & 127) << shift;
        if (!(*(*p)++ & 128))
            return v;
    }
}

static unsigned fixed(const byte *p)
{
    return p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16 | (unsigned)p[3] << 24;
}

/* ---- the index ---- */

struct found { char key[64]; const byte *value; size_t n; };

static int entries_of(const byte *file, unsigned long at, unsigned long n, struct found *to)
{
    const byte *p = file + at, *end = p + n;
    char key[64] = "";
    int count = 0;
    assert_int_equal(*end, 0);                          /* not packed */
    assert_int_equal(checksum(p, n + 1), fixed(end + 1));
    end -= 4 + 4 * fixed(end - 4);
    while (p < end) {
        unsigned long shared = number(&p), more = number(&p), length = number(&p);
        memcpy(key + shared, p, more);
        key[shared + more] = 0;
        memcpy(to[count].key, key, sizeof key);
        to[count].value = p + more;
        to[count++].n = length;
        p += more + length;
    }
    return count;
}

static int read_index(const byte *file, size_t n, struct found *to)
{
    static const byte magic[] = { 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb };
    struct found blocks[100];
    const byte *footer = file + n - 48;
    int count = 0;
    assert_memory_equal(file + n - 8, magic, 8);
    number(&footer);
    number(&footer);
    unsigned long at = number(&footer), length = number(&footer);
    int n_blocks = entries_of(file, at, length, blocks);
    for (int i = 0; i < n_blocks; i++) {
        const byte *p = blocks[i].value;
        at = number(&p);
        length = number(&p);
        count += entries_of(file, at, length, to + count);
    }
    return count;
}

struct entry { unsigned long dtype, dims[8], offset, size; unsigned crc; int rank; };

static struct entry entry_of(const struct found *f)
{
    struct entry e = { 0 };
    for (const byte *p = f->value; p < f->value + f->n;) {
        unsigned long tag = number(&p);
        if (tag == 0x12) {                              /* the shape: dims of one size each */
            unsigned long n = number(&p);
            const byte *end = p + n;
            while (p < end) {
                assert_int_equal(*p++, 0x12);
                unsigned long length = number(&p);      /* nothing in it: a size of 0 */
                p += length > 0;
                e.dims[e.rank++] = length ? number(&p) : 0;
            }
        } else if (tag == 0x35) {
            e.crc = fixed(p);
            p += 4;
        } else {
            unsigned long v = number(&p);
            *(tag == 0x08 ? &e.dtype : tag == 0x20 ? &e.offset : &e.size) = v;
        }
    }
    return e;
}

/* ---- */

enum { MANY = 40 };

static void write_many(const char *prefix)
{
    struct bundle_out b;
    ok(bundle_begin(&b, prefix));
    for (int i = 0; i < MANY; i++) {
        char name[32];
        struct tensor t;
        snprintf(name, sizeof name, "layer_%d/weights", i);
        ok(tensor_new(&t, NULL, DT_INT32, &SHAPE(i, 3)));
        for (int k = 0; k < 3 * i; k++)
            ((int32_t *)t.data)[k] = 1000 * i + k;
        ok(bundle_add(&b, piece_of(name), &t));
        tensor_unref(&t);
    }
    ok(bundle_finish(&b));
    bundle_release(&b);
}

static void another_reader_finds_every_byte(void **state)
{
    char prefix[] = P_tmpdir "/weft-reread-XXXXXX", index[64], data[64];
    struct found found[MANY + 1];
    size_t n_index, n_data, seen = 0;
    (void)state;
    assert_true(mkstemp(prefix) >= 0);
    snprintf(index, sizeof index, "%s.index", prefix);
    snprintf(data, sizeof data, "%s.data-00000-of-00001", prefix);
    write_many(prefix);
    byte *x = whole_file(index, &n_index), *y = whole_file(data, &n_data);
    assert_int_equal(read_index(x, n_index, found), MANY + 1);
    assert_memory_equal(found[0].value, "\x08\x01\x1a\x02\x08\x01", 6);
    for (int i = 1; i <= MANY; i++) {
        struct entry e = entry_of(&found[i]);
        int k = atoi(found[i].key + 6);
        assert_int_equal(e.dtype, DT_INT32);
        assert_int_equal(e.rank, 2);
        assert_int_equal(e.dims[0], k);
        assert_int_equal(e.dims[1], 3);
        assert_int_equal(e.size, 12 * k);
        assert_int_equal(checksum(y + e.offset, e.size), e.crc);
        for (int j = 0; j < 3 * k; j++)
            assert_int_equal(fixed(y + e.offset + 4 * j), 1000 * k + j);
        seen += e.size;
    }
    assert_int_equal(seen, n_data);
    free(x);
    free(y);
    unlink(index);
    unlink(data);
    unlink(prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(another_reader_finds_every_byte) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
