/* png_test.c - PNG files: what was written is read again, and what lies is refused. */
#include "io/png.h"

#include "base/mem.h"

#include <string.h>

#include "test/expect.h"

static void fill(unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(i * 37 + i / 11);
}

/* height 5, width 7 */
static void round_trip(int channels, int bits)
{
    unsigned char in[5 * 7 * 8], out[sizeof in];
    struct str file = { 0 };
    struct png_reader *r = NULL;
    struct png_size size;
    size_t n = 5 * 7 * (size_t)channels * (size_t)bits / 8;
    fill(in, n);
    ok(png_encode(in, 5, 7, channels, bits, -1, &file));
    ok(png_open(file.text, file.n, 0, bits, &r, &size));
    assert_int_equal(size.height, 5);
    assert_int_equal(size.width, 7);
    assert_int_equal(size.channels, channels);
    ok(png_read(r, out));
    assert_memory_equal(in, out, n);
    png_close(r);
    str_free(&file);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 4; channels++) {
        round_trip(channels, 8);
        round_trip(channels, 16);
    }
}

/* Every prefix of a file, and every file with one bit flipped, is read or refused. */
static void try_to_read(const char *bytes, size_t n)
{
    static unsigned char out[1 << 16];
    struct png_reader *r = NULL;
    struct png_size size;
    struct status *st = png_open(bytes, n, 3, 8, &r, &size);
    if (!st) {
        if (size.height * size.width * size.channels <= (int64_t)sizeof out)
            st = png_read(r, out);
        png_close(r);
    }
    status_free(st);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    unsigned char in[5 * 7 * 3];
    struct str file = { 0 };
    fill(in, sizeof in);
    ok(png_encode(in, 5, 7, 3, 8, 9, &file));
    for (size_t n = 0; n < file.n; n++)
        try_to_read(file.text, n);
    for (size_t bit = 0; bit < 8 * file.n; bit++) {
        file.text[bit / 8] = (char)(file.text[bit / 8] ^ 1 << bit % 8);
        try_to_read(file.text, file.n);
        file.text[bit / 8] = (char)(file.text[bit / 8] ^ 1 << bit % 8);
    }
    str_free(&file);
}

static void memory_may_end(void **state)
{
    (void)state;
    unsigned char in[5 * 7 * 3];
    size_t live = mem_live();
    fill(in, sizeof in);
    struct status *st;
    long n = 0;
    do {
        struct str file = { 0 };
        struct png_reader *r = NULL;
        struct png_size size;
        mem_fail_after(n++, 1);
        st = png_encode(in, 5, 7, 3, 8, 9, &file);
        if (!st && !(st = png_open(file.text, file.n, 0, 8, &r, &size)))
            st = png_read(r, in);
        mem_fail_after(-1, 0);
        assert_true(!st || status_code(st) == RESOURCE_EXHAUSTED);
        status_free(st);
        png_close(r);
        str_free(&file);
    } while (st);
    assert_int_equal(mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(memory_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
