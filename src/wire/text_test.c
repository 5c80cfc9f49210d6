/* text_test.c - messages as text: what is written, what is read, what is refused and where. */
#include "wire/text.h"
#include "base/mem.h"
#include "test/expect.h"
#include "wire/config.pb-c.h"
#include "wire/graph.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;

static void *parse(const ProtobufCMessageDescriptor *d, const char *text)
{
    void *m = NULL;
    ok(text_read(&arena, d, text, strlen(text), &m));
    return m;
}

#define TENSOR(text) ((Wire__TensorProto *)parse(&wire__tensor_proto__descriptor, text))
#define NODE(text) ((Wire__NodeDef *)parse(&wire__node_def__descriptor, text))

static void writes(const void *m, const char *want)
{
    struct str s = { 0 };
    ok(text_write(m, &s));
    assert_string_equal(str_text(&s), want);
    str_free(&s);
}

static void refuses(const ProtobufCMessageDescriptor *d, const char *text, const char *why)
{
    void *m;
    fails(text_read(&arena, d, text, strlen(text), &m), INVALID_ARGUMENT, why);
}

static int tidy(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void forms(void **state)
{
    (void)state;
    Wire__NodeDef *n = NODE("# a node\nname: 'a' \"b\"; op: \"x\", input: ['p', \"q\"] input: 'r'\n"
                            "attr < key: 'k' value: { i: -0x10 } > attr { key: 'e' value { type: 3 } }"
                            "attr { key: 'n' value { type: DT_INT64 } }");
    assert_string_equal(n->name, "ab");
    assert_int_equal(n->n_input, 3);
    assert_string_equal(n->input[1], "q");
    assert_int_equal(n->attr[0]->value->i, -16);
    assert_int_equal(n->attr[1]->value->type, 3);
    assert_int_equal(n->attr[2]->value->type, 9);
    writes(n, "name: \"ab\"\nop: \"x\"\ninput: \"p\"\ninput: \"q\"\ninput: \"r\"\n"
              "attr {\n  key: \"k\"\n  value {\n    i: -16\n  }\n}\n"
              "attr {\n  key: \"e\"\n  value {\n    type: DT_INT32\n  }\n}\n"
              "attr {\n  key: \"n\"\n  value {\n    type: DT_INT64\n  }\n}\n");
}

static void numbers(void **state)
{
    (void)state;
    Wire__TensorProto *t = TENSOR("float_val: [1, .5, 1e-3f, -inf, nan, 0.1, 16777216] "
                                  "int64_val: -9223372036854775808 uint64_val: "
                                  "18446744073709551615 bool_val: [true, f, 1] int_val: 017 "
                                  "double_val: 0.1 double_val: 1e308");
    assert_true(t->float_val[2] == 1e-3f && isinf(t->float_val[3]) && isnan(t->float_val[4]));
    assert_true(t->int64_val[0] == INT64_MIN && t->uint64_val[0] == UINT64_MAX);
    assert_int_equal(t->int_val[0], 15);
    writes(t, "float_val: 1\nfloat_val: 0.5\nfloat_val: 0.001\nfloat_val: -inf\nfloat_val: nan\n"
              "float_val: 0.1\nfloat_val: 16777216\ndouble_val: 0.1\ndouble_val: 1e+308\n"
              "int_val: 15\nint64_val: -9223372036854775808\nbool_val: true\nbool_val: false\n"
              "bool_val: true\nuint64_val: 18446744073709551615\n");
}

static void escapes(void **state)
{
    (void)state;
    Wire__TensorProto *t = TENSOR("string_val: '\\a\\n\\x41\\1012\\\\\\'\\u00e9\\000z'");
    assert_int_equal(t->string_val[0].len, 11);
    assert_memory_equal(t->string_val[0].data, "\a\nAA2\\'\xc3\xa9\0z", 11);
    writes(t, "string_val: \"\\007\\nAA2\\\\\\'\\303\\251\\000z\"\n");
}

static void refusals(void **state)
{
    const ProtobufCMessageDescriptor *t = &wire__tensor_proto__descriptor;
    (void)state;
    refuses(t, "\n  nonsense: 3", "2:3: TensorProto has no field \"nonsense\"");
    refuses(t, "dtype: DT_NONE", "1:8: DT_NONE is no value of DataType");
    refuses(t, "int_val: 3000000000", "1:10: int_val cannot be 3000000000");
    refuses(t, "uint64_val: -1", "uint64_val cannot be -1");
    refuses(t, "int_val: 1.5", "int_val cannot be 1.5");
    refuses(t, "int_val: x", "int_val wants an integer, not 'x'");
    refuses(t, "float_val: x", "wants a number");
    refuses(t, "bool_val: maybe", "wants true or false");
    refuses(t, "string_val: 'open", "1:13: a string does not end");
    refuses(t, "string_val: '\\q'", "escape");
    refuses(t, "tensor_shape { ", "'}' is wanted");
    refuses(t, "tensor_shape: 3", "tensor_shape wants a message");
    refuses(t, "int_val 3", "int_val wants ':'");
    refuses(t, "int_val: [1 2]", "wants ']'");
    refuses(t, "}", "the name of a field is wanted");
    refuses(&wire__attr_value__descriptor, "i: 3 f: 2", "stands beside another one");
}

static void depth(void **state)
{
    struct str deep = { 0 };
    (void)state;
    for (int i = 0; i < 1000; i++)
        str_puts(&deep, "func { attr { key: 'k' value { ");
    refuses(&wire__attr_value__descriptor, str_text(&deep), "nested more than");
    str_free(&deep);
}

/* To the bytes and back is the same message. */
static void types(void **state)
{
    static const char *const names[] = { "GraphDef", "MetaGraphDef", "SavedModel", "Event",
                                         "ConfigProto", "Example", "BundleHeaderProto",
                                         "CheckpointState", "RunMetadata", "Summary" };
    void *bytes;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(message_type(names[i]));
    assert_null(message_type("Nothing"));
    Wire__ConfigProto *c = parse(&wire__config_proto__descriptor, "device_count { key: 'CPU' value: "
                                 "2 } intra_op_parallelism_threads: 3 gpu_options { allow_growth: "
                                 "true }"), *again;
    ok(wire_encode(&c->base, &bytes, &n));
    ok(wire_decode(&arena, &wire__config_proto__descriptor, bytes, n, &again));
    mem_free(bytes);
    writes(again, "device_count {\n  key: \"CPU\"\n  value: 2\n}\nintra_op_parallelism_threads: 3\n"
                  "gpu_options {\n  allow_growth: true\n}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(forms, tidy),
        cmocka_unit_test_teardown(numbers, tidy),
        cmocka_unit_test_teardown(escapes, tidy),
        cmocka_unit_test_teardown(refusals, tidy),
        cmocka_unit_test_teardown(depth, tidy),
        cmocka_unit_test_teardown(types, tidy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
