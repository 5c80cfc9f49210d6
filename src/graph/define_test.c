/* define_test.c - graphs become functions, with TensorFlow's names, and functions become bodies. */
#include "base/mem.h"
#include "graph/define.h"
#include "graph/function.h"
#include "ops/ops.h"
#include "test/expect.h"
#include "test/probe.h"
#include "wire/text.h"

#define TYPE_FLOAT (const struct attr[]){ attr_type("dtype", DT_FLOAT) }

static struct out feed(struct graph *g, const char *name)
{
    return (struct out){ test_node(g, &(struct node_def){ .op = "Placeholder", .name = name,
                                                          .attr = TYPE_FLOAT, .n_attr = 1 }), 0 };
}

static struct status *text_of(struct graph *g, const struct definition *d, struct str *text)
{
    struct arena a = { 0 };
    ProtobufCMessage *m;
    void *bytes;
    size_t n;
    TRY(graph_define(g, d, &bytes, &n));
    ok(wire_decode(&a, &wire__function_def__descriptor, bytes, n, &m));
    ok(text_write(m, text));
    mem_free(bytes);
    arena_free(&a);
    return NULL;
}

static void has(const struct str *text, const char *part)
{
    if (!strstr(str_text(text), part))
        fail_msg("'%s' is not in\n%s", part, str_text(text));
}

static void named_as_tensorflow_does(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = feed(g, "Scope/Feed1"), y = feed(g, "3");
    struct out sum = test_out(g, "AddV2", "add", OUTS(x, y));
    struct out two = test_out(g, "TestTwo", "two", OUTS(sum));
    struct out in[] = { x, y }, out[] = { sum, out_at(two, 1), x };
    struct str text = { 0 };
    ok(text_of(g, &(struct definition){ .name = "F", .in = in, .n_in = 2, .out = out, .n_out = 3,
                                        .n_nodes = -1, .description = "Adds." }, &text));
    has(&text, "name: \"F\"\n");
    has(&text, "input_arg {\n    name: \"scope_feed1\"\n    type: DT_FLOAT\n  }");
    has(&text, "input_arg {\n    name: \"unknown\"\n");
    has(&text, "output_arg {\n    name: \"add\"\n");
    has(&text, "output_arg {\n    name: \"scope_feed1_0\"\n");
    has(&text, "node_def {\n  name: \"add_0\"\n  op: \"AddV2\"\n  input: \"scope_feed1\"\n"
               "  input: \"unknown\"\n");
    has(&text, "ret {\n  key: \"add\"\n  value: \"add_0:z:0\"\n}");
    has(&text, "ret {\n  key: \"two\"\n  value: \"two_0:c:0\"\n}");
    has(&text, "ret {\n  key: \"scope_feed1_0\"\n  value: \"scope_feed1\"\n}");
    has(&text, "description: \"Adds.\"");
    str_free(&text);
    graph_unref(g);
}

/* What is stateful makes the function so; what is to run besides, attributes, names given. */
static void all_that_may_be_said(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = feed(g, "x"), c = test_const(g, 2);
    struct out tick = test_out(g, "TestTick", "tick", NULL, 0);
    struct node *const after[] = { tick.node };
    struct out sum = { test_node(g, &(struct node_def){ .op = "TestAdd", .name = "sum",
        .in = (struct out[]){ x, c }, .n_in = 2, .control = after, .n_control = 1 }), 0 };
    struct attr attr = attr_bool("_noinline", true);
    struct str text = { 0 };
    ok(text_of(g, &(struct definition){
        .name = "F", .in = &x, .n_in = 1, .out = &sum, .n_out = 1, .n_nodes = -1,
        .out_name = (const char *const[]){ "total" }, .control = after, .n_controls = 1,
        .control_name = (const char *const[]){ "ticked" }, .attr = &attr, .n_attr = 1 }, &text));
    has(&text, "is_stateful: true");
    has(&text, "  name: \"sum\"\n");
    has(&text, "input: \"^tick\"");
    has(&text, "ret {\n  key: \"total\"\n  value: \"sum:c:0\"\n}");
    has(&text, "control_ret {\n  key: \"ticked\"\n  value: \"tick\"\n}");
    has(&text, "attr {\n  key: \"_noinline\"\n  value {\n    b: true\n  }\n}");
    str_free(&text);
    graph_unref(g);
}

static void refused(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *other = graph_new();
    struct out x = feed(g, "x"), y = feed(g, "y"), far = feed(other, "x");
    struct out sum = test_out(g, "TestAdd", "sum", OUTS(x, y));
    struct out twice[] = { x, x };
    struct node *const only[] = { sum.node };
    const char *const names[] = { "a", "a" };
    struct out both[] = { sum, sum };
    struct str text = { 0 };
    fails(text_of(g, &(struct definition){ .name = "F", .in = twice, .n_in = 2, .n_nodes = -1 },
                  &text), INVALID_ARGUMENT, "TF_Output x:0 appears more than once in the input");
    fails(text_of(g, &(struct definition){ .name = "F", .in = &x, .n_in = 1, .node = only,
                                           .n_nodes = 1 }, &text), INVALID_ARGUMENT,
          "Input 1, 'y:0', of node 'sum' in function 'F' is not available. You might need to "
          "include it in inputs or include its source node in the body");
    fails(text_of(g, &(struct definition){ .name = "F", .out = &sum, .n_out = 1 }, &text),
          INVALID_ARGUMENT, "TF_Output sum:0 is neither in the function body nor among function "
          "inputs");
    fails(text_of(g, &(struct definition){ .name = "F", .in = &far, .n_in = 1, .n_nodes = -1 },
                  &text), INVALID_ARGUMENT, "not an element of its graph");
    fails(text_of(g, &(struct definition){ .name = "F", .out = both, .n_out = 2, .out_name = names,
                                           .n_nodes = -1 }, &text), INVALID_ARGUMENT,
          "Cannot have duplicate output names. Name 'a' appears more than once");
    fails(text_of(g, &(struct definition){ .n_nodes = -1 }, &text), INVALID_ARGUMENT, "no name");
    str_free(&text);
    graph_unref(g);
    graph_unref(other);
}

/* The name of a function that is not given one whole says what it is made of. */
static void names_with_hashes(void **state)
{
    (void)state;
    char first[32];
    for (int i = 0; i < 3; i++) {
        struct graph *g = graph_new();
        struct out x = feed(g, "x"), c = test_const(g, i == 2 ? 3 : 2);
        struct out sum = test_out(g, "TestAdd", "sum", OUTS(x, c));
        void *bytes;
        size_t n;
        ok(graph_define(g, &(struct definition){ .name = "F", .hashed = true, .in = &x, .n_in = 1,
                                                 .out = &sum, .n_out = 1, .n_nodes = -1 }, &bytes,
                        &n));
        ok(library_add(g, bytes, n, i == 1 ? "Grad" : NULL, NULL));
        mem_free(bytes);
        const struct function *f = library_at(g, 0);
        assert_true(strlen(f->op->name) == 13 && !strncmp(f->op->name, "F_", 2));
        if (!i)
            strcpy(first, f->op->name);
        assert_int_equal(!strcmp(first, f->op->name), i < 2);
        assert_true(i == 1 ? !strcmp(f->gradient, "Grad") : !f->gradient);
        ok(library_export(g, f->op->name, &bytes, &n));
        ok(library_add(g, bytes, n, NULL, NULL));
        assert_int_equal(library_count(g), 1);
        fails(library_export(g, "Nobody", &bytes, &n), NOT_FOUND, "Function Nobody is not");
        fails(library_add(g, "xyz", 3, NULL, NULL), INVALID_ARGUMENT, "Invalid FunctionDef");
        mem_free(bytes);
        graph_unref(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_as_tensorflow_does),
        cmocka_unit_test(all_that_may_be_said),
        cmocka_unit_test(refused),
        cmocka_unit_test(names_with_hashes),
    };
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
