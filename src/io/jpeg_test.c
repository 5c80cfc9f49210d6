/* jpeg_test.c - JPEG and GIF files: what was written is nearly read again, and broken files are
 * read or refused, but nothing else happens. */
#include "io/gif.h"
#include "io/jpeg.h"

#include "base/mem.h"
#include "test/expect.h"

#include <stdlib.h>

enum { SIDE = 24 };

static const struct jpeg_size SIZE = { SIDE, SIDE, 3 };
static unsigned char room[1 << 18];

static void draw(unsigned char *p)
{
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        p[i] = (unsigned char)(i % 3 * 60 + i / 3 / SIDE * 3 + i / 3 % SIDE);
}

static void write_it(bool progressive, struct str *file)
{
    unsigned char in[SIDE * SIDE * 3];
    draw(in);
    ok(jpeg_encode(in, &SIZE, &(struct jpeg_encoding){ .quality = 95, .progressive = progressive,
                                                       .x_density = 300, .y_density = 300,
                                                       .xmp = "me", .n_xmp = 2 }, file));
}

static struct status *read_it(const char *bytes, size_t n, bool recover)
{
    struct jpeg_decoding how = { .ratio = 1, .smooth = true, .fraction = 1, .recover = recover };
    struct jpeg_reader *r;
    struct jpeg_size s;
    TRY(jpeg_open(bytes, n, &how, &r, &s));
    struct status *st = NULL;
    if (s.height * s.width * s.channels <= (int64_t)sizeof room)
        st = jpeg_read(r, 0, 0, s.height, s.width, room);
    jpeg_close(r);
    return st;
}

static void what_was_written_is_nearly_read(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        unsigned char in[SIDE * SIDE * 3];
        struct str file = { 0 };
        draw(in);
        write_it(progressive, &file);
        ok(read_it(file.text, file.n, false));
        for (int i = 0; i < SIDE * SIDE * 3; i++)
            assert_in_range(room[i] + 10 - in[i], 0, 20);
        str_free(&file);
    }
}

static void broken_jpegs_are_refused(void **state)
{
    (void)state;
    struct str file = { 0 };
    write_it(false, &file);
    for (size_t n = 0; n < file.n; n++) {
        char *part = malloc(n + 1);                     /* so that a sanitizer sees its end */
        memcpy(part, file.text, n);
        status_free(read_it(part, n, n % 2));
        free(part);
    }
    for (size_t bit = 0; bit < 8 * file.n; bit += 3) {
        file.text[bit / 8] = (char)(file.text[bit / 8] ^ 1 << bit % 8);
        status_free(read_it(file.text, file.n, false));
        file.text[bit / 8] = (char)(file.text[bit / 8] ^ 1 << bit % 8);
    }
    str_free(&file);
}

static void try_gif(const char *bytes, size_t n)
{
    struct gif *g;
    struct gif_size s;
    struct status *st = gif_open(bytes, n, &g, &s);
    if (!st) {
        if (s.frames * s.height * s.width * 3 <= (int64_t)sizeof room)
            st = gif_read(g, room);
        gif_close(g);
    }
    status_free(st);
}

static void broken_gifs_are_refused(void **state)
{
    (void)state;
    static const char two_frames[] =
        "GIF89a\x02\0\x01\0\x81\0\0\xff\0\0\0\xff\0\0\0\xff\x09\x09\x09"
        ",\0\0\0\0\x02\0\x01\0\0\x02\x02\x84\x0a\0"
        "!\xf9\x04\x01\0\0\x01\0,\0\0\0\0\x02\0\x01\0\0\x02\x02\x8c\x0a\0;";
    char file[sizeof two_frames - 1];
    memcpy(file, two_frames, sizeof file);
    for (size_t n = 0; n < sizeof file; n++)
        try_gif(file, n);
    for (size_t bit = 0; bit < 8 * sizeof file; bit++) {
        file[bit / 8] = (char)(file[bit / 8] ^ 1 << bit % 8);
        try_gif(file, sizeof file);
        file[bit / 8] = (char)(file[bit / 8] ^ 1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_nearly_read),
        cmocka_unit_test(broken_jpegs_are_refused),
        cmocka_unit_test(broken_gifs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
