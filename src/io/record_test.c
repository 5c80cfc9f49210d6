/* record_test.c - records written and read, compressed or not; what is damaged is refused, and
 * what a length claims is not believed; the fuzzer's seeds. */
#include "io/record.h"
#include "base/mem.h"
#include "test/expect.h"
#include "test/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = P_tmpdir "/weft_record_XXXXXX";

static void write_file(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void expect_record(struct record_reader *r, const void *bytes, size_t n)
{
    const void *data;
    size_t got;
    bool done;
    ok(record_next(r, &data, &got, &done));
    assert_false(done);
    assert_int_equal(got, n);
    assert_memory_equal(data, bytes, n);
}

static void expect_end(struct record_reader *r)
{
    const void *data;
    size_t n;
    bool done;
    ok(record_next(r, &data, &n, &done));
    assert_true(done);
}

static void expect_failure(struct record_reader *r, const char *text)
{
    const void *data;
    size_t n;
    bool done;
    fails(record_next(r, &data, &n, &done), DATA_LOSS, text);
}

enum { LARGE = 300000 };

/* A large record of bytes that do not compress well, small ones around it. */
static void write_records(const char *large, enum compression c)
{
    struct record_writer *w;
    ok(record_writer_new(path, c, &w));
    ok(record_write(w, "one", 3));
    ok(record_write(w, "", 0));
    ok(record_flush(w));
    ok(record_write(w, large, LARGE));
    ok(record_write(w, "last", 4));
    ok(record_writer_close(w));
}

static char *large_bytes(void)
{
    char *large = malloc(LARGE);
    unsigned v = 1;
    for (int i = 0; i < LARGE; i++)
        large[i] = (char)((v = v * 1103515245 + 12345) >> 16);
    return large;
}

static void round_trip(enum compression c)
{
    struct record_reader *r;
    char *large = large_bytes();
    write_records(large, c);
    ok(record_reader_new(path, c, &r));
    expect_record(r, "one", 3);
    expect_record(r, "", 0);
    expect_record(r, large, LARGE);
    expect_record(r, "last", 4);
    expect_end(r);
    expect_end(r);
    record_reader_free(r);
    free(large);
}

static void round_trips(void **state)
{
    (void)state;
    round_trip(PLAIN);
    round_trip(ZLIB);
    round_trip(GZIP);
}

/* "abc", as TensorFlow writes it. */
static const unsigned char abc[] = { 3, 0, 0, 0, 0, 0, 0, 0, 0xb0, 0x99, 0x49, 0x0e, 'a', 'b', 'c',
                                     0x6e, 0x57, 0xf1, 0x21 };

static void layout(void **state)
{
    struct record_writer *w;
    size_t n;
    (void)state;
    ok(record_writer_new(path, PLAIN, &w));
    ok(record_write(w, "abc", 3));
    ok(record_writer_close(w));
    char *bytes = file_read(path, &n);
    assert_int_equal(n, 19);
    assert_memory_equal(bytes, "\3\0\0\0\0\0\0\0", 8);
    assert_memory_equal(bytes, abc, n);
    free(bytes);
}

static void truncated(void **state)
{
    struct record_reader *r;
    (void)state;
    for (size_t n = 1; n < sizeof abc; n++) {
        write_file(abc, n);
        ok(record_reader_new(path, PLAIN, &r));
        expect_failure(r, n < 12 ? "truncated record at 0"
                          : n == 12 ? "truncated record at 0' failed with eof"
                          : "truncated record at 12");
        write_file(abc, sizeof abc);
        expect_record(r, "abc", 3);
        expect_end(r);
        record_reader_free(r);
    }
}

static void corrupted(void **state)
{
    struct record_reader *r;
    unsigned char bytes[2 * sizeof abc];
    (void)state;
    for (size_t i = 0; i < sizeof abc; i++) {
        memcpy(bytes, abc, sizeof abc);
        memcpy(bytes + sizeof abc, abc, sizeof abc);
        bytes[sizeof abc + i] ^= 4;
        write_file(bytes, sizeof bytes);
        ok(record_reader_new(path, PLAIN, &r));
        expect_record(r, "abc", 3);
        expect_failure(r, i < 12 ? "corrupted record at 19" : "corrupted record at 31");
        expect_failure(r, "corrupted record at");
        record_reader_free(r);
    }
}

/* 2^60 bytes, with a checksum that says so; and the largest number there is. */
static void lies(void **state)
{
    static const unsigned char huge[] = { 0, 0, 0, 0, 0, 0, 0, 0x10, 0xc4, 0x23, 0x4e, 0x8e, 'a' };
    static const unsigned char most[] = { 255, 255, 255, 255, 255, 255, 255, 255, 0xa6, 0x7b, 0x11,
                                          0x3a, 'a' };
    struct record_reader *r;
    size_t before = mem_live();
    (void)state;
    write_file(huge, sizeof huge);
    ok(record_reader_new(path, PLAIN, &r));
    expect_failure(r, "truncated record at 12");
    assert_true(mem_live() - before < 100000);
    record_reader_free(r);
    write_file(most, sizeof most);
    ok(record_reader_new(path, PLAIN, &r));
    expect_failure(r, "record size too large");
    record_reader_free(r);
}

static void not_compressed(void **state)
{
    struct record_reader *r;
    (void)state;
    write_file(abc, sizeof abc);
    ok(record_reader_new(path, GZIP, &r));
    expect_failure(r, "inflate() failed with error -3: incorrect header check");
    expect_failure(r, "inflate() failed with error -3");
    record_reader_free(r);
}

/* A compressed file that ends too early is read as far as it goes. */
static void cut_short(void **state)
{
    struct record_reader *r;
    size_t n;
    char *large = large_bytes();
    (void)state;
    write_records(large, ZLIB);
    char *bytes = file_read(path, &n);
    write_file(bytes, n / 2);
    ok(record_reader_new(path, ZLIB, &r));
    expect_record(r, "one", 3);
    expect_record(r, "", 0);
    expect_failure(r, "truncated record at 47");
    write_file(bytes, n);
    expect_record(r, large, LARGE);
    expect_record(r, "last", 4);
    expect_end(r);
    record_reader_free(r);
    free(bytes);
    free(large);
}

static void no_such_file(void **state)
{
    struct record_reader *r;
    struct record_writer *w;
    (void)state;
    fails(record_reader_new("/nowhere/at/all", PLAIN, &r), NOT_FOUND,
          "/nowhere/at/all; No such file or directory");
    fails(record_writer_new("/nowhere/at/all", PLAIN, &w), NOT_FOUND,
          "/nowhere/at/all; No such file or directory");
    fails(record_writer_new("/tmp", PLAIN, &w), FAILED_PRECONDITION, "/tmp; Is a directory");
}

static void names(void **state)
{
    enum compression c;
    (void)state;
    ok(compression_parse(NULL, &c));
    assert_int_equal(c, PLAIN);
    ok(compression_parse("GZIP", &c));
    assert_int_equal(c, GZIP);
    fails(compression_parse("LZMA", &c), INVALID_ARGUMENT, "Unsupported compression_type:LZMA");
}

/* A full disk is told by the call that meets it and all later ones. */
static void full(void **state)
{
    struct record_writer *w;
    char *large = large_bytes();
    (void)state;
    if (access("/dev/full", W_OK)) {
        free(large);
        skip();
    }
    ok(record_writer_new("/dev/full", PLAIN, &w));
    fails(record_write(w, large, LARGE), RESOURCE_EXHAUSTED, "/dev/full; No space left on device");
    fails(record_write(w, "a", 1), RESOURCE_EXHAUSTED, "No space left on device");
    fails(record_writer_close(w), RESOURCE_EXHAUSTED, "No space left on device");
    free(large);
}

/* Every allocation may fail: an error, and nothing is lost. */
static void no_memory(void **state)
{
    struct record_writer *w;
    struct record_reader *r;
    const void *data;
    size_t n, before = mem_live();
    bool done;
    (void)state;
    for (int i = 0, failed = 1; failed; i++) {
        mem_fail_after(i, 0);
        struct status *st = record_writer_new(path, GZIP, &w);
        if (!st) {
            st = record_write(w, "abc", 3);
            status_free(record_writer_close(w));
        }
        if (!st && !(st = record_reader_new(path, GZIP, &r))) {
            st = record_next(r, &data, &n, &done);
            record_reader_free(r);
        }
        mem_fail_after(-1, 0);
        failed = st != NULL;
        assert_true(!st || status_code(st) == RESOURCE_EXHAUSTED);
        status_free(st);
    }
    assert_int_equal(mem_live(), before);
}

static int prepare(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tidy(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips), cmocka_unit_test(layout), cmocka_unit_test(truncated),
        cmocka_unit_test(corrupted), cmocka_unit_test(lies), cmocka_unit_test(not_compressed),
        cmocka_unit_test(cut_short), cmocka_unit_test(no_such_file), cmocka_unit_test(names),
        cmocka_unit_test(full), cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, prepare, tidy);
}
