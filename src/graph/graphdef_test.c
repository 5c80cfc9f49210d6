/* graphdef_test.c - graphs in and out: every form of a tensor, order, errors, hostile bytes. */
#include "base/mem.h"
#include "graph/graphdef.h"
#include "graph/proto.h"
#include "ops/ops.h"
#include "test/expect.h"

#include <stdlib.h>

/* ---- tensors ---- */

static Wire__TensorProto proto_of(enum dtype t, Wire__TensorShapeProto *s,
                                  Wire__TensorShapeProto__Dim *d, int64_t n)
{
    Wire__TensorProto m = WIRE__TENSOR_PROTO__INIT;
    static Wire__TensorShapeProto__Dim *dims[1];
    wire__tensor_shape_proto__init(s);
    wire__tensor_shape_proto__dim__init(d);
    d->size = n;
    dims[0] = d;
    s->n_dim = 1;
    s->dim = dims;
    m.dtype = (Wire__DataType)t;
    m.tensor_shape = s;
    return m;
}

#define PROTO(t, n) proto_of(t, &(Wire__TensorShapeProto){ 0 }, \
                             &(Wire__TensorShapeProto__Dim){ 0 }, n)

static void last_value_repeats(void **state)
{
    float f[] = { 1, 2 };
    int32_t halves[] = { 0x3c00 };
    float parts[] = { 1, -1, 2, 3 };
    int ints[] = { -3 };
    struct tensor t;
    (void)state;
    Wire__TensorProto m = PROTO(DT_FLOAT, 4);
    m.n_float_val = 2;
    m.float_val = f;
    ok(tensor_from_proto(&m, &t));
    for (int i = 0; i < 4; i++)
        assert_true(((float *)t.data)[i] == (i ? 2 : 1));
    tensor_unref(&t);

    m = PROTO(DT_HALF, 3);
    m.n_half_val = 1;
    m.half_val = halves;
    ok(tensor_from_proto(&m, &t));
    assert_true(tensor_double(&t, 2) == 1);
    tensor_unref(&t);

    m = PROTO(DT_COMPLEX64, 3);
    m.n_scomplex_val = 4;
    m.scomplex_val = parts;
    ok(tensor_from_proto(&m, &t));
    assert_true(((struct c64 *)t.data)[0].im == -1 && ((struct c64 *)t.data)[2].im == 3);
    tensor_unref(&t);

    m = PROTO(DT_INT8, 2);
    m.n_int_val = 1;
    m.int_val = ints;
    ok(tensor_from_proto(&m, &t));
    assert_int_equal(((int8_t *)t.data)[1], -3);
    tensor_unref(&t);
}

static void nothing_is_zeros(void **state)
{
    struct tensor t;
    (void)state;
    Wire__TensorProto m = PROTO(DT_INT64, 5);
    ok(tensor_from_proto(&m, &t));
    for (int i = 0; i < 5; i++)
        assert_int_equal(((int64_t *)t.data)[i], 0);
    tensor_unref(&t);
}

static void content(void **state)
{
    uint8_t raw[] = { 1, 0, 0, 0, 2, 0, 0, 0 };
    uint8_t strings[] = { 2, 0, 1, 'a', 'b', 'c' };
    struct tensor t;
    (void)state;
    Wire__TensorProto m = PROTO(DT_INT32, 2);
    m.tensor_content = (ProtobufCBinaryData){ sizeof raw, raw };
    ok(tensor_from_proto(&m, &t));
    assert_int_equal(((int32_t *)t.data)[1], 2);
    tensor_unref(&t);

    m = PROTO(DT_INT32, 3);
    m.tensor_content = (ProtobufCBinaryData){ sizeof raw, raw };
    fails(tensor_from_proto(&m, &t), INVALID_ARGUMENT, "Cannot parse tensor from proto");

    m = PROTO(DT_STRING, 3);
    m.tensor_content = (ProtobufCBinaryData){ sizeof strings, strings };
    ok(tensor_from_proto(&m, &t));
    tensor_unref(&t);
    m.tensor_content.len--;
    fails(tensor_from_proto(&m, &t), INVALID_ARGUMENT, "Cannot parse tensor from proto");
    strings[0] = 200;
    fails(tensor_from_proto(&m, &t), INVALID_ARGUMENT, "Cannot parse tensor from proto");
}

static void bad_tensors(void **state)
{
    struct tensor t;
    (void)state;
    Wire__TensorProto m = PROTO(DT_FLOAT, -1);
    fails(tensor_from_proto(&m, &t), INVALID_ARGUMENT, "its shape is [?]");
    m = PROTO(DT_FLOAT, -2);
    fails(tensor_from_proto(&m, &t), INVALID_ARGUMENT, "not >= -1");
    m = PROTO(DT_FLOAT, INT64_MAX);
    status_free(tensor_from_proto(&m, &t));
    m = PROTO((enum dtype)77, 1);
    fails(tensor_from_proto(&m, &t), INVALID_ARGUMENT, "dtype 77");
}

/* ---- graphs ---- */

/* Nodes as text: "name op input input", encoded. */
static void *graph_bytes_of(const char *const *line, size_t *n)
{
    struct arena a = { 0 };
    Wire__GraphDef g = WIRE__GRAPH_DEF__INIT;
    void *bytes = NULL;
    g.node = arena_array(&a, Wire__NodeDef *, 16);
    for (; *line; line++) {
        Wire__NodeDef *m = g.node[g.n_node++] = arena_new(&a, Wire__NodeDef);
        char *save = NULL, *text = arena_strdup(&a, *line);
        wire__node_def__init(m);
        m->name = strtok_r(text, " ", &save);
        m->op = strtok_r(NULL, " ", &save);
        m->input = arena_array(&a, char *, 8);
        for (char *in = strtok_r(NULL, " ", &save); in; in = strtok_r(NULL, " ", &save))
            m->input[m->n_input++] = in;
        if (!strcmp(m->op, "Const") || !strcmp(m->op, "Placeholder")) {
            Wire__NodeDef__AttrEntry *e = arena_new(&a, Wire__NodeDef__AttrEntry);
            wire__node_def__attr_entry__init(e);
            e->key = "dtype";
            e->value = arena_new(&a, Wire__AttrValue);
            wire__attr_value__init(e->value);
            e->value->value_case = WIRE__ATTR_VALUE__VALUE_TYPE;
            e->value->type = WIRE__DATA_TYPE__DT_FLOAT;
            m->attr = arena_array(&a, Wire__NodeDef__AttrEntry *, 1);
            m->attr[m->n_attr++] = e;
        }
    }
    ok(wire_encode(&g.base, &bytes, n));
    arena_free(&a);
    return bytes;
}

static struct status *import_lines(const char *const *line, struct graph **g)
{
    size_t n;
    void *bytes = graph_bytes_of(line, &n);
    *g = graph_new();
    struct status *st = graph_import(*g, NULL, bytes, n);
    mem_free(bytes);
    return st;
}

#define LINES(...) (const char *const[]){ __VA_ARGS__, NULL }

static void import_fails(const char *const *line, enum code code, const char *text)
{
    struct graph *g;
    struct status *st = import_lines(line, &g);
    graph_unref(g);
    fails(st, code, text);
}

static void any_order(void **state)
{
    struct graph *g;
    (void)state;
    ok(import_lines(LINES("c Identity b ^a", "b Identity a:0", "n NoOp ^c", "a Placeholder"), &g));
    struct node *c = graph_find(g, "c");
    assert_non_null(c);
    assert_int_equal(c->n_control, 1);
    assert_string_equal(c->in[0].node->name, "b");
    assert_string_equal(g->node[0]->name, "a");
    assert_int_equal(g->n, 4);
    graph_unref(g);
}

static void errors(void **state)
{
    (void)state;
    import_fails(LINES("b Identity a"), INVALID_ARGUMENT, "Node 'b': Unknown input node 'a'");
    import_fails(LINES("a Placeholder", "b Identity a:x"), INVALID_ARGUMENT, "Unknown input node");
    import_fails(LINES("a Placeholder", "b Identity a:1"), INVALID_ARGUMENT,
                 "Connecting to invalid output 1 of source node a which has 1 outputs");
    import_fails(LINES("a Placeholder", "a Placeholder"), INVALID_ARGUMENT, "is not unique");
    import_fails(LINES("a NoSuchOp"), NOT_FOUND, "Op type not registered 'NoSuchOp'");
    import_fails(LINES("a Placeholder", "b Identity a a"), INVALID_ARGUMENT,
                 "NodeDef expected inputs");
    import_fails(LINES("a Identity b", "b Identity a"), INVALID_ARGUMENT, "cycle");
    import_fails(LINES("a Identity a"), INVALID_ARGUMENT, "cycle");
    import_fails(LINES("a Placeholder", "b Identity ^a a"), INVALID_ARGUMENT,
                 "Control dependencies must come after");
    import_fails(LINES("a! Placeholder"), INVALID_ARGUMENT, "invalid characters");
    import_fails(LINES("a Const"), INVALID_ARGUMENT, "missing attr 'value'");
}

/* Out and in and out again: the same bytes. */
static void twin(void **state)
{
    struct graph *g, *h = graph_new();
    void *once, *twice;
    size_t n, m;
    (void)state;
    ok(import_lines(LINES("a Placeholder", "b Identity a", "c Identity b ^a"), &g));
    ok(graph_export(g, 0, &once, &n));
    ok(graph_import(h, NULL, once, n));
    ok(graph_export(h, 0, &twice, &m));
    assert_int_equal(n, m);
    assert_memory_equal(once, twice, n);
    mem_free(once);
    mem_free(twice);
    graph_unref(g);
    graph_unref(h);
}

static void hostile_bytes(void **state)
{
    struct graph *g = graph_new();
    (void)state;
    fails(graph_import(g, NULL, "\x0a\xff\xff\xff\xff\x0f", 6), INVALID_ARGUMENT,
          "Invalid GraphDef");
    fails(graph_import(g, NULL, "hello, world", 12), INVALID_ARGUMENT, "Invalid GraphDef");
    ok(graph_import(g, NULL, "", 0));

    /* Every prefix and every flipped byte of a good graph. */
    size_t n;
    char *bytes = graph_bytes_of(LINES("a Placeholder", "b Identity a", "c NoOp ^b"), &n);
    for (size_t i = 0; i < 8 * n; i++) {
        struct graph *h = graph_new();
        bytes[i / 8] ^= (char)(1 << i % 8);
        status_free(graph_import(h, NULL, bytes, n));
        bytes[i / 8] ^= (char)(1 << i % 8);
        graph_unref(h);
        h = graph_new();
        status_free(graph_import(h, NULL, bytes, i / 8));
        graph_unref(h);
    }
    mem_free(bytes);
    graph_unref(g);
}

/* A function's attribute of a function's attribute of ... : refused before the stack is gone. */
static void deep_nesting(void **state)
{
    enum { ROOM = 40000 };
    unsigned char *end = malloc(ROOM), *p = end + ROOM;
    size_t n = 0;
    (void)state;
    for (int i = 0; n < ROOM - 16; i++) {
        static const unsigned char tags[] = { 0x52, 0x12, 0x12 };     /* func, attr entry, value */
        unsigned char size[5];
        size_t v = n;
        int k = 0;
        do {
            size[k++] = (unsigned char)((v & 127) | (v >= 128 ? 128 : 0));
            v >>= 7;
        } while (v);
        p -= k;
        memcpy(p, size, (size_t)k);
        *--p = tags[i % 3];
        n = (size_t)(end + ROOM - p);
    }
    Wire__AttrValue *m;
    struct arena a = { 0 };
    fails(wire_decode(&a, &wire__attr_value__descriptor, p, n, &m), INVALID_ARGUMENT, "nested");
    arena_free(&a);
    free(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_value_repeats),
        cmocka_unit_test(nothing_is_zeros),
        cmocka_unit_test(content),
        cmocka_unit_test(bad_tensors),
        cmocka_unit_test(any_order),
        cmocka_unit_test(errors),
        cmocka_unit_test(twin),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(deep_nesting),
    };
    struct status *st = ops_init();
    if (st)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
