/* checkpoint_test.c - checkpoints: those that the real TensorFlow wrote (../shared) read exactly,
 * ours are the same bytes, and damage of any kind is an error. */
#include "base/mem.h"
#include "io/bundle_out.h"
#include "io/slices_out.h"
#include "test/expect.h"
#include "test/file.h"
#include "test/npz.h"
#include "test/value.h"
#include "tensor/tstring.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RECORDED "../shared/recorded/checkpoints/"

static char folder[] = P_tmpdir "/weft-checkpoint-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[4][200];
    static int turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof *path, "%s/%s", folder, name);
    return to;
}

/* ---- what TensorFlow wrote ---- */

/* Their strings were saved as UTF-8, and recorded a character an element. */
static void to_utf8(struct tensor *t)
{
    for (int64_t i = 0; t->dtype == DT_STRING && i < tensor_count(t); i++) {
        struct tstring *s = (struct tstring *)t->data + i;
        struct str text = { 0 };
        for (size_t k = 0; k < tstring_len(s); k++) {
            unsigned char c = (unsigned char)tstring_data(s)[k];
            char bytes[2] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)) };
            str_add(&text, c < 128 ? (char *)&c : bytes, c < 128 ? 1 : 2);
        }
        assert_true(tstring_set(s, str_text(&text), text.n));
        str_free(&text);
    }
}

static void compare_with(const char *prefix, const char *values)
{
    struct npz *z = npz_open(values);
    struct checkpoint *c;
    ok(checkpoint_open(prefix, &c));
    assert_non_null(z);
    assert_int_equal(c->n, npz_count(z));
    for (size_t i = 0; i < c->n; i++) {
        char name[200];
        struct tensor want, got;
        snprintf(name, sizeof name, "%.*s", (int)c->entry[i].name.n, c->entry[i].name.p);
        for (char *p = name; *p; p++)
            *p = *p == '/' ? '|' : *p;
        ok(npz_read(z, name, &want));
        to_utf8(&want);
        ok(checkpoint_read(c, &c->entry[i], NULL, NULL, 0, &got));
        ok(tensor_differs(&got, &want, (struct tolerance){ 0, 0 }));
        tensor_unref(&want);
        tensor_unref(&got);
    }
    checkpoint_free(c);
    npz_close(z);
}

static bool recorded_are_here(void)
{
    if (!access(RECORDED, F_OK))
        return true;
    printf(RECORDED " is not here: skipped\n");
    return false;
}

static void recorded_checkpoints_read_exactly(void **state)
{
    static const char *const v2[] = { "ckpt_all_dtypes", "ckpt_slices", "ckpt_many", "ckpt_v1" };
    (void)state;
    if (!recorded_are_here())
        skip();
    for (int i = 0; i < 4; i++) {
        char prefix[200], values[200];
        snprintf(prefix, sizeof prefix, RECORDED "%s/model.ckpt", v2[i]);
        snprintf(values, sizeof values, RECORDED "%s/values.npz", v2[i]);
        compare_with(prefix, values);
    }
}

static void read_everything(struct checkpoint *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct tensor t;
        ok(checkpoint_read(c, &c->entry[i], NULL, NULL, 0, &t));
        tensor_unref(&t);
    }
}

static int read_all_like(const char *pattern)
{
    glob_t g;
    int n = 0;
    if (glob(pattern, 0, NULL, &g))
        return 0;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct checkpoint *c;
        char *data = strdup(g.gl_pathv[i]), *end = strstr(data, ".data-00000-of-00001");
        if (end)
            *end = 0;
        ok(checkpoint_open(data, &c));
        read_everything(c);
        checkpoint_free(c);
        free(data);
        n++;
    }
    globfree(&g);
    return n;
}

static void models_checkpoints_read(void **state)
{
    char pattern[300] = "../shared/models/*";
    int n = 0;
    (void)state;
    for (int depth = 0; depth < 10; depth++) {
        char with[320];
        snprintf(with, sizeof with, "%s.data-00000-of-00001", pattern);
        n += read_all_like(with);
        strcat(pattern, "/*");
    }
    printf("%d checkpoints of ../shared/models read\n", n);
    assert_true(n == 0 || n >= 24);
}

/* ---- ours are the same bytes ---- */

static void add_all(struct bundle_out *b, struct checkpoint *c)
{
    /* In the order of the data file, as the program that saved them had them. */
    for (;;) {
        const struct saved *next = NULL;
        for (size_t i = 0; i < c->n; i++)
            if (c->entry[i].offset == b->data.at && (!next || c->entry[i].size == 0))
                next = c->entry[i].n_slices ? next : &c->entry[i];
        struct tensor t;
        if (!next || b->n == c->n)
            return;
        ok(checkpoint_read(c, next, NULL, NULL, 0, &t));
        ok(bundle_add(b, next->name, &t));
        ((struct saved *)next)->offset = UINT64_MAX;
        tensor_unref(&t);
    }
}

static void same_file(const char *a, const char *b)
{
    size_t n_a, n_b;
    char *x = file_read(a, &n_a), *y = file_read(b, &n_b);
    assert_true(x && y);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(x, y, n_a);
    free(x);
    free(y);
}

static void same_as_recorded(const char *name)
{
    char theirs[200], ours[200];
    static const char *const ending[] = { "index", "data-00000-of-00001" };
    for (int i = 0; i < 2; i++) {
        snprintf(theirs, sizeof theirs, RECORDED "%s/model.ckpt.%s", name, ending[i]);
        snprintf(ours, sizeof ours, "%s/%s.%s", folder, name, ending[i]);
        same_file(ours, theirs);
    }
}

static void copies_are_the_same_bytes(void **state)
{
    static const char *const names[] = { "ckpt_all_dtypes", "ckpt_many" };
    (void)state;
    if (!recorded_are_here())
        skip();
    for (int i = 0; i < 2; i++) {
        char prefix[200];
        struct checkpoint *c;
        struct bundle_out b;
        snprintf(prefix, sizeof prefix, RECORDED "%s/model.ckpt", names[i]);
        ok(checkpoint_open(prefix, &c));
        ok(bundle_begin(&b, in_folder(names[i])));
        add_all(&b, c);
        ok(bundle_finish(&b));
        bundle_release(&b);
        checkpoint_free(c);
        same_as_recorded(names[i]);
    }
}

static void parts_are_the_same_bytes(void **state)
{
    static const char *const specs[] = { "10 4 0,6:-", "10 4 6,4:-" };
    struct checkpoint *c;
    struct bundle_out b;
    (void)state;
    if (!recorded_are_here())
        skip();
    ok(checkpoint_open(RECORDED "ckpt_slices/model.ckpt", &c));
    ok(bundle_begin(&b, in_folder("ckpt_slices")));
    for (int i = 0; i < 2; i++) {
        struct shape whole, part;
        struct slice s;
        struct tensor t;
        ok(slice_parse(piece_of(specs[i]), &whole, &s, &part));
        ok(checkpoint_read(c, &c->entry[0], &s, NULL, 0, &t));
        assert_true(shape_equal(&t.shape, &part));
        ok(bundle_add_slice(&b, piece_of("part"), &whole, &s, &t));
        tensor_unref(&t);
    }
    ok(bundle_finish(&b));
    bundle_release(&b);
    checkpoint_free(c);
    same_as_recorded("ckpt_slices");
}

static void v1_is_the_same_bytes(void **state)
{
    struct checkpoint *c;
    struct slices_out o;
    (void)state;
    if (!recorded_are_here())
        skip();
    ok(checkpoint_open(RECORDED "ckpt_v1/model.ckpt", &c));
    ok(slices_begin(&o, (int)c->n));
    for (size_t i = 0; i < c->n; i++) {
        struct tensor t;
        ok(checkpoint_read(c, &c->entry[i], NULL, NULL, 0, &t));
        ok(slices_add(&o, c->entry[i].name, &t.shape, c->entry[i].slice, &t));
        tensor_unref(&t);
    }
    ok(slices_finish(&o, in_folder("v1")));
    slices_release(&o);
    checkpoint_free(c);
    same_file(in_folder("v1"), RECORDED "ckpt_v1/model.ckpt");
}

/* ---- slices ---- */

static struct tensor numbers(int rank, const int64_t *dims)
{
    struct shape s = { rank, { 0 } };
    struct tensor t;
    memcpy(s.dim, dims, (size_t)rank * sizeof *dims);
    ok(tensor_new(&t, NULL, DT_INT32, &s));
    for (int64_t i = 0; i < tensor_count(&t); i++)
        ((int32_t *)t.data)[i] = (int32_t)i;
    return t;
}

/* A part of a whole and parts of parts, each element by its place. */
static void any_slice_is_read(void **state)
{
    static const char *const stored[] = { "5 7 3 0,2:-:-", "5 7 3 2,3:0,4:-", "5 7 3 2,3:4,3:-" };
    static const char *const wanted[] = { "5 7 3 -:-:-", "5 7 3 1,3:2,4:1,2", "5 7 3 4,1:6,1:2,1",
                                          "5 7 3 0,2:-:0,1", "5 7 3 2,3:4,3:-" };
    struct tensor all = numbers(3, (int64_t[]){ 5, 7, 3 });
    struct slice whole_slice = slice_all(3), s;
    struct shape whole, part;
    struct bundle_out b;
    struct checkpoint *c;
    int64_t n;
    (void)state;
    ok(bundle_begin(&b, in_folder("sliced")));
    for (int i = 0; i < 3; i++) {
        struct tensor t;
        ok(slice_parse(piece_of(stored[i]), &whole, &s, &part));
        ok(tensor_new(&t, NULL, DT_INT32, &part));
        ok(slice_copy(&whole, &whole_slice, &all, &s, &t, &n));
        assert_int_equal(n, shape_count(&part));
        ok(bundle_add_slice(&b, piece_of("x"), &whole, &s, &t));
        tensor_unref(&t);
    }
    ok(bundle_add(&b, piece_of("y"), &all));
    ok(bundle_finish(&b));
    bundle_release(&b);
    ok(checkpoint_open(in_folder("sliced"), &c));
    assert_int_equal(c->n, 2);
    for (int i = 0; i < 10; i++) {
        struct tensor want, got;
        ok(slice_parse(piece_of(wanted[i % 5]), &whole, &s, &part));
        ok(checkpoint_read(c, &c->entry[i / 5], &s, NULL, 0, &got));
        ok(tensor_new(&want, NULL, DT_INT32, &part));
        ok(slice_copy(&whole, &whole_slice, &all, &s, &want, &n));
        assert_true(shape_equal(&got.shape, &part) && tensor_same_bits(&got, &want));
        tensor_unref(&want);
        tensor_unref(&got);
    }
    checkpoint_free(c);
    tensor_unref(&all);
}

static void slices_that_cannot_be(void **state)
{
    static const char *const bad[][2] = {
        { "", "Need least two elements" },
        { "3", "Need least two elements" },
        { "3 x 0,1:-", "Non numerical dimension" },
        { "3 0,1:0,1", "Wrong number of dimensions" },
        { "3 0", "Expected a pair of numbers or '-' but got '0'" },
        { "3 -1,1", "Expected a pair of numbers or '-'" },
        { "3 0,0", "Expected non-negative start and positive length" },
        { "3 2,2", "Extent in dimension 0 out of bounds: shape = [3], slice = 2,2" },
        { "9223372036854775807 4 -:-", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct shape whole, part;
        struct slice s;
        fails(slice_parse(piece_of(bad[i][0]), &whole, &s, &part), INVALID_ARGUMENT, bad[i][1]);
    }
}

/* The bytes sort as names and then numbers do; large numbers, too. */
static void keys_sort(void **state)
{
    static const int64_t ascending[] = { INT64_MIN, -1000000, -65, -64, -1, 0, 1, 63, 64, 8191,
                                         8192, 1 << 20, INT64_C(1) << 48, INT64_C(1) << 56,
                                         INT64_MAX };
    struct str last = { 0 }, key = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        struct slice s = { 1, { ascending[i] }, { -1 } };
        slice_key(piece_of("n"), &s, &key);
        if (i)
            assert_true(piece_compare((struct piece){ last.text, last.n },
                                      (struct piece){ key.text, key.n }) < 0);
        last.n = 0;
        str_add(&last, key.text, key.n);
    }
    str_free(&last);
    str_free(&key);
}

/* ---- mistakes and damage ---- */

static void write_one(const char *name, const char *text)
{
    struct bundle_out b;
    struct tensor t = { 0 };
    enum dtype dtype;
    struct shape s;
    ok(value_parse(&text, &dtype, &s, &t));
    ok(bundle_begin(&b, in_folder(name)));
    ok(bundle_add(&b, piece_of("v"), &t));
    ok(bundle_finish(&b));
    bundle_release(&b);
    tensor_unref(&t);
}

static void names_are_checked(void **state)
{
    struct tensor t = numbers(1, (int64_t[]){ 2 });
    struct bundle_out b;
    (void)state;
    ok(bundle_begin(&b, in_folder("twice")));
    fails(bundle_add(&b, piece_of(""), &t), INVALID_ARGUMENT, "needs a name");
    ok(bundle_add(&b, piece_of("v"), &t));
    ok(bundle_add(&b, piece_of("v"), &t));
    fails(bundle_finish(&b), INVALID_ARGUMENT, "Adding duplicate key: v");
    bundle_release(&b);
    assert_false(checkpoint_exists(in_folder("twice")));
    tensor_unref(&t);
}

static void what_is_not_there(void **state)
{
    struct checkpoint *c;
    struct bundle_out b;
    (void)state;
    fails(checkpoint_open(in_folder("none"), &c), NOT_FOUND,
          "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for");
    fails(bundle_begin(&b, in_folder("no/such/place")), NOT_FOUND, "No such file or directory");
}

/* Reads all it can of a checkpoint that may be damaged. True: nothing was found wrong. */
static bool all_is_fine(const char *prefix)
{
    struct checkpoint *c = NULL;
    struct status *st = checkpoint_open(prefix, &c);
    for (size_t i = 0; !st && i < c->n; i++) {
        struct tensor t = { 0 };
        st = checkpoint_read(c, &c->entry[i], NULL, NULL, 0, &t);
        tensor_unref(&t);
    }
    bool fine = !st;
    status_free(st);
    checkpoint_free(c);
    return fine;
}

static void put_file(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* Every bit of a file turned over, and every length: nothing passes for whole. */
static void damage_file(const char *prefix, const char *ending, int step)
{
    char path[300];
    size_t n;
    snprintf(path, sizeof path, "%s%s", prefix, ending);
    char *bytes = file_read(path, &n);
    for (size_t bit = 0; bit < 8 * n; bit += (size_t)step) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        put_file(path, bytes, n);
        /* Only the footer's padding means nothing. */
        if (all_is_fine(prefix))
            assert_true(bit / 8 + 48 >= n);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t length = 0; length < n; length++) {
        put_file(path, bytes, length);
        assert_false(all_is_fine(prefix));
    }
    put_file(path, bytes, n);
    assert_true(all_is_fine(prefix));
    free(bytes);
}

static void damage_is_found(void **state)
{
    char prefix[200];
    (void)state;
    write_one("whole", "string[3]{\"a\" \"some bytes that are not short\" \"\"}");
    snprintf(prefix, sizeof prefix, "%s", in_folder("whole"));
    damage_file(prefix, ".index", 1);
    damage_file(prefix, ".data-00000-of-00001", 1);
}

/* ---- replacing ---- */

static float value_of(const char *prefix)
{
    struct checkpoint *c;
    struct tensor t;
    ok(checkpoint_open(prefix, &c));
    ok(checkpoint_read(c, &c->entry[0], NULL, NULL, 0, &t));
    float v = *(float *)t.data;
    tensor_unref(&t);
    checkpoint_free(c);
    return v;
}

static void move(const char *from, const char *to, const char *ending, const char *next)
{
    char a[300], b[300];
    snprintf(a, sizeof a, "%s%s", in_folder(from), ending);
    snprintf(b, sizeof b, "%s%s%s", in_folder(to), ending, next);
    assert_int_equal(rename(a, b), 0);
}

/* The states that one who is killed between two renames leaves. */
static void replacing_is_all_or_nothing(void **state)
{
    static const char DATA[] = ".data-00000-of-00001";
    (void)state;
    write_one("old", "float{1}");
    write_one("new", "float{2}");
    move("new", "old", DATA, ".next");
    assert_true(value_of(in_folder("old")) == 1);
    move("new", "old", ".index", ".next");
    assert_true(value_of(in_folder("old")) == 2);
    char next[300], name[300];
    snprintf(next, sizeof next, "%s%s.next", in_folder("old"), DATA);
    snprintf(name, sizeof name, "%s%s", in_folder("old"), DATA);
    assert_int_equal(rename(next, name), 0);
    assert_true(value_of(in_folder("old")) == 2);
    write_one("old", "float{3}");
    assert_true(value_of(in_folder("old")) == 3);
    snprintf(next, sizeof next, "%s.index.next", in_folder("old"));
    assert_int_equal(access(next, F_OK), -1);
}

static void several_become_one(void **state)
{
    const char *from[2] = { strdup(in_folder("one")), strdup(in_folder("two")) };
    struct checkpoint *c;
    struct bundle_out b;
    struct tensor t = numbers(1, (int64_t[]){ 4 });
    (void)state;
    write_one("one", "float{1}");
    ok(bundle_begin(&b, from[1]));
    ok(bundle_add(&b, piece_of("w"), &t));
    ok(bundle_finish(&b));
    bundle_release(&b);
    ok(bundle_merge(from, 2, in_folder("both")));
    ok(checkpoint_open(in_folder("both"), &c));
    assert_int_equal(c->n, 2);
    assert_int_equal(c->n_shards, 2);
    read_everything(c);
    checkpoint_free(c);
    assert_false(checkpoint_exists(from[0]));
    tensor_unref(&t);
    free((char *)from[0]);
    free((char *)from[1]);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_checkpoints_read_exactly),
        cmocka_unit_test(models_checkpoints_read),
        cmocka_unit_test(copies_are_the_same_bytes),
        cmocka_unit_test(parts_are_the_same_bytes),
        cmocka_unit_test(v1_is_the_same_bytes),
        cmocka_unit_test(any_slice_is_read),
        cmocka_unit_test(slices_that_cannot_be),
        cmocka_unit_test(keys_sort),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(replacing_is_all_or_nothing),
        cmocka_unit_test(several_become_one),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
