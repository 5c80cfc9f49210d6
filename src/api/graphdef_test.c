/* graphdef_test.c - weft.h: graphs as files, with every option; SEMANTICS A47-A48, E59, G26-G33. */
#include "api/testing.h"

#include <unistd.h>

#define NODE(name, op, rest) "node { name: '" name "' op: '" op "' " rest " }\n"
#define IN(x) "input: '" x "' "
#define TYPE(key, t) "attr { key: '" key "' value { type: " t " } } "
#define FLOAT_IN(name) NODE(name, "Placeholder", TYPE("dtype", "DT_FLOAT"))
#define AB FLOAT_IN("A") NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT"))

/* ---- short ways ---- */

static struct weft_status *import(struct weft_graph *g, struct weft_import *i, const char *text)
{
    struct weft_bytes b = { 0 };
    ok(weft_message_from_text("GraphDef", text, strlen(text), &b));
    struct weft_status *st = weft_graph_import(g, i, b.data, b.size);
    weft_bytes_free(&b);
    return st;
}

static void refused(struct weft_import *i, const char *text, enum weft_code code, const char *why)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out there = placeholder(g, "there", WEFT_FLOAT, 0, NULL);
    (void)there;
    fails(import(g, i, text), code, why);
    assert_int_equal(weft_graph_count(g), 1);   /* nothing stays */
    weft_import_free(i);
    weft_graph_free(g);
}

static void refused_plainly(const char *text, const char *why)
{
    refused(NULL, text, WEFT_INVALID_ARGUMENT, why);
}

static char *text_of(struct weft_graph *g, unsigned flags)
{
    struct weft_bytes b = { 0 }, text = { 0 };
    ok(weft_graph_export(g, flags, &b));
    ok(weft_message_to_text("GraphDef", b.data, b.size, &text));
    weft_bytes_free(&b);
    return text.data;
}

static bool export_has(struct weft_graph *g, unsigned flags, const char *part)
{
    struct weft_bytes text = { text_of(g, flags), 0 };
    bool has = strstr(text.data, part) != NULL;
    weft_bytes_free(&text);
    return has;
}

/* ---- names ---- */

static void prefixes(void **state)
{
    struct weft_graph *g = weft_graph_new();
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct weft_import *im = weft_import_new();
        weft_import_prefix(im, "import");
        weft_import_uniquify_prefix(im, true);
        ok(import(g, im, AB));
        weft_import_free(im);
    }
    named(weft_graph_find(g, "import/B"), "import/B", "Neg");
    named(weft_node_input(weft_graph_find(g, "import_1/B"), 0).node, "import_1/A", "Placeholder");
    weft_graph_free(g);
}

static void unique_names(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_import *im = weft_import_new();
    (void)state;
    ok(import(g, NULL, AB));
    fails(import(g, NULL, AB), WEFT_INVALID_ARGUMENT, "Node name 'A' already exists in the Graph");
    weft_import_uniquify_names(im, true);
    ok(import(g, im, AB));
    named(weft_node_input(weft_graph_find(g, "B_1"), 0).node, "A_1", "Placeholder");
    weft_import_free(im);
    weft_graph_free(g);
}

static void wrong_names(void **state)
{
    struct weft_import *im = weft_import_new();
    (void)state;
    refused_plainly(FLOAT_IN("there"), "Node name 'there' already exists in the Graph");
    refused_plainly(FLOAT_IN("A") FLOAT_IN("A"), "Node 'A' is not unique");
    refused_plainly(FLOAT_IN("A!"), "invalid characters");
    weft_import_prefix(im, "_bad");
    refused(im, AB, WEFT_INVALID_ARGUMENT, "would lead to invalid node names");
}

/* ---- inputs ---- */

static void wrong_inputs(void **state)
{
    (void)state;
    refused_plainly(NODE("B", "Neg", IN("A:0") TYPE("T", "DT_FLOAT")),
                    "Node 'B': Unknown input node 'A:0'");
    refused_plainly(FLOAT_IN("A") NODE("B", "Neg", IN("A:1") TYPE("T", "DT_FLOAT")),
                    "Connecting to invalid output 1 of source node A which has 1 outputs");
    refused_plainly(FLOAT_IN("A") NODE("B", "Neg", IN("A") IN("A") TYPE("T", "DT_FLOAT")),
                    "NodeDef expected inputs");
    refused_plainly(FLOAT_IN("A") NODE("B", "Neg", IN("A") TYPE("T", "DT_INT32")),
                    "Input 0 of node B was passed float from A:0 incompatible with expected "
                    "int32.");
    refused_plainly(FLOAT_IN("A") NODE("B", "Neg", IN("^A") IN("A") TYPE("T", "DT_FLOAT")),
                    "Control dependencies must come after regular dependencies");
    refused_plainly(NODE("A", "Neg", IN("B") TYPE("T", "DT_FLOAT"))
                    NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT")), "cycle");
}

static void maps(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_import *im = weft_import_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 0, NULL);
    (void)state;
    weft_import_prefix(im, "p/");
    weft_import_map(im, "A", x);
    weft_import_map(im, "nobody:3", x);
    weft_import_map(im, "C:0", x);              /* there, though nobody reads it */
    weft_import_map_control(im, "B", x.node);
    weft_import_map_control(im, "none", x.node);
    weft_import_return(im, "B");
    weft_import_return(im, "B:0");
    weft_import_return(im, "A:0");
    ok(import(g, im, AB NODE("C", "Neg", IN("B") IN("^B") TYPE("T", "DT_FLOAT"))));
    struct weft_node *b = weft_graph_find(g, "p/B"), *c = weft_graph_find(g, "p/C");
    assert_ptr_equal(weft_node_input(b, 0).node, x.node);
    assert_ptr_equal(weft_node_input(c, 0).node, b);
    assert_ptr_equal(weft_node_control(c, 0), x.node);
    assert_ptr_equal(weft_import_returned(im, 0).node, b);
    assert_int_equal(weft_import_returned(im, 0).index, -1);
    assert_int_equal(weft_import_returned(im, 1).index, 0);
    assert_ptr_equal(weft_import_returned(im, 2).node, x.node);
    assert_null(weft_import_returned(im, 3).node);
    assert_int_equal(weft_import_unused(im), 2);
    assert_string_equal(weft_import_unused_key(im, 0), "nobody:3");
    assert_string_equal(weft_import_unused_key(im, 1), "^none");
    weft_import_free(im);
    weft_graph_free(g);
}

static struct weft_import *returning(const char *name)
{
    struct weft_import *im = weft_import_new();
    weft_import_return(im, name);
    return im;
}

static void wrong_returns(void **state)
{
    (void)state;
    refused(returning("X"), AB, WEFT_INVALID_ARGUMENT,
            "Requested return node 'X' not found in graph def");
    refused(returning("X:0"), AB, WEFT_INVALID_ARGUMENT,
            "Requested return tensor 'X:0' not found in graph def");
    refused(returning("A:1"), AB, WEFT_INVALID_ARGUMENT,
            "Invalid return output 1 of node 'A', which has 1 output(s)");
    refused(returning("A:B:0"), AB, WEFT_INVALID_ARGUMENT,
            "Cannot convert 'A:B:0' to a tensor name.");
}

/* ---- ops and attributes ---- */

static void wrong_ops(void **state)
{
    (void)state;
    refused(NULL, NODE("a", "NoSuchOp", ""), WEFT_NOT_FOUND,
            "Op type not registered 'NoSuchOp' in binary running on");
    refused_plainly(FLOAT_IN("A") NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT") TYPE("U", "1")),
                    "NodeDef mentions attr 'U' not in Op<name=Neg; signature=x:T -> y:T; attr=T:");
    refused_plainly(NODE("A", "Placeholder", ""), "missing attr 'dtype'");
    refused_plainly("versions { min_consumer: 1000 }", "min consumer version 1000 above");
    refused_plainly("versions { producer: -1 }", "below min producer");
}

static void unknown_ops(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_import *im = weft_import_new();
    (void)state;
    weft_import_allow_unknown(im, true);
    ok(import(g, im, FLOAT_IN("A")
              NODE("M", "Mystery", IN("A") "attr { key: 'depth' value { i: 3 } } ")
              NODE("B", "Neg", IN("M:1") TYPE("T", "DT_INT32"))));
    struct weft_node *m = weft_graph_find(g, "M");
    assert_int_equal(weft_node_outputs(m), 2);
    assert_int_equal(weft_out_dtype((struct weft_out){ m, 1 }), WEFT_INT32);
    double depth;
    ok(weft_node_number(m, "depth", &depth));
    is_near(depth, 3, 0);
    struct weft_session *s = session_on(g);
    struct weft_tensor *t = NULL;
    fails(weft_session_eval(s, (struct weft_out){ m, 1 }, &t), WEFT_INVALID_ARGUMENT,
          "No OpKernel was registered to support Op 'Mystery' with these attrs.");
    weft_session_free(s);
    weft_import_free(im);
    weft_graph_free(g);
}

/* G31: what the writer of the file knew. */
static void op_list(void **state)
{
    static const char list[] =
        "op { name: 'Neg' input_arg { name: 'x' type_attr: 'T' } output_arg { name: 'y' type_attr: "
        "'T' } attr { name: 'T' type: 'type' } attr { name: 'new' type: 'int' default_value { i: 7 "
        "} } }\n op { name: 'Mine' output_arg { name: 'y' type: DT_INT64 } is_stateful: true }";
    static const char graph[] = FLOAT_IN("A")
        NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT") "attr { key: 'new' value { i: %c } } ")
        NODE("C", "Mine", "");
    char text[1024];
    struct weft_bytes ops = { 0 };
    (void)state;
    ok(weft_message_from_text("OpList", list, strlen(list), &ops));
    for (char c = '7'; c <= '8'; c++) {
        struct weft_graph *g = weft_graph_new();
        struct weft_import *im = weft_import_new();
        weft_import_ops(im, ops.data, ops.size);
        snprintf(text, sizeof text, graph, c);
        if (c == '7') {
            ok(import(g, im, text));
            assert_int_equal(weft_out_dtype((struct weft_out){ weft_graph_find(g, "C"), 0 }),
                             WEFT_INT64);
        } else {
            fails(import(g, im, text), WEFT_INVALID_ARGUMENT, "NodeDef mentions attr 'new'");
        }
        weft_import_free(im);
        weft_graph_free(g);
    }
    weft_bytes_free(&ops);
}

/* ---- scopes: G32 ---- */

static void in_scopes(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_node *first = placeholder(g, "first", WEFT_FLOAT, 0, NULL).node;
    struct weft_node *also = placeholder(g, "also", WEFT_FLOAT, 0, NULL).node;
    struct weft_import *im = weft_import_new();
    (void)state;
    weft_import_after(im, also);
    weft_device(g, "/job:worker/device:CPU:0");
    weft_control_dependencies(g, &first, 1);
    ok(import(g, im, FLOAT_IN("A") NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT")
                                                     "device: '/task:3' ")));
    weft_scope_end(g);
    weft_scope_end(g);
    struct weft_node *a = weft_graph_find(g, "A"), *b = weft_graph_find(g, "B");
    assert_string_equal(weft_node_device(a), "/job:worker/device:CPU:0");
    assert_string_equal(weft_node_device(b), "/job:worker/task:3/device:CPU:0");
    assert_int_equal(weft_node_controls(a), 2);
    assert_int_equal(weft_node_controls(b), 0);
    weft_import_free(im);
    weft_graph_free(g);
}

#define WITH(x) "attr { key: '_class' value { list { s: 'loc:@" x "' } } } "

static void colocation(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_import *im = weft_import_new();
    const char *bytes;
    size_t n;
    (void)state;
    weft_import_prefix(im, "p");
    ok(import(g, im, NODE("A", "Placeholder", TYPE("dtype", "DT_FLOAT") "device: '/device:CPU:0' ")
              NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT") WITH("A"))));
    struct weft_node *b = weft_graph_find(g, "p/B");
    assert_string_equal(weft_node_device(b), "/device:CPU:0");
    ok(weft_node_attr_string(b, "_class", 0, &bytes, &n));
    assert_string_equal(bytes, "loc:@p/A");
    refused_plainly(FLOAT_IN("A") NODE("B", "Neg", IN("A") TYPE("T", "DT_FLOAT") WITH("Z")),
                    "expects to be colocated with unknown node 'Z'");
    weft_import_free(im);
    weft_graph_free(g);
}

/* ---- loops: G33; while (x < 0) x = -x ---- */

static const char loop[] =
    FLOAT_IN("x") NODE("enter", "Enter", IN("x") TYPE("T", "DT_FLOAT")
                       "attr { key: 'frame_name' value { s: 'f' } } ")
    NODE("merge", "Merge", IN("enter") IN("next") TYPE("T", "DT_FLOAT")
         "attr { key: 'N' value { i: 2 } } ")
    NODE("zero", "Const", IN("^merge") TYPE("dtype", "DT_FLOAT")
         "attr { key: 'value' value { tensor { dtype: DT_FLOAT tensor_shape { } } } } ")
    NODE("less", "Less", IN("merge") IN("zero") TYPE("T", "DT_FLOAT"))
    NODE("cond", "LoopCond", IN("less"))
    NODE("switch", "Switch", IN("merge") IN("cond") TYPE("T", "DT_FLOAT"))
    NODE("exit", "Exit", IN("switch") TYPE("T", "DT_FLOAT"))
    NODE("neg", "Neg", IN("switch:1") TYPE("T", "DT_FLOAT"))
    NODE("next", "NextIteration", IN("neg") TYPE("T", "DT_FLOAT"));

static void loops(void **state)
{
    struct weft_graph *g = weft_graph_new(), *h = weft_graph_new();
    struct weft_tensor *t = NULL, *x = weft_tensor_scalar(WEFT_FLOAT, -3);
    (void)state;
    ok(import(g, NULL, loop));
    assert_ptr_equal(weft_node_input(weft_graph_find(g, "merge"), 1).node,
                     weft_graph_find(g, "next"));
    struct weft_session *s = session_on(g);
    const struct weft_feed feed = { { weft_graph_find(g, "x"), 0 }, x };
    const struct weft_out exit = { weft_graph_find(g, "exit"), 0 };
    ok(weft_session_run(s, NULL, &feed, 1, &exit, 1, NULL, 0, &t));
    is_near(weft_tensor_number(t, 0), 3, 0);
    weft_tensor_free(t);
    weft_tensor_free(x);
    char *once = text_of(g, 0);
    ok(import(h, NULL, once));
    char *twice = text_of(h, 0);
    assert_string_equal(once, twice);
    weft_bytes_free(&(struct weft_bytes){ once, 0 });
    weft_bytes_free(&(struct weft_bytes){ twice, 0 });
    weft_session_free(s);
    weft_graph_free(g);
    weft_graph_free(h);
}

/* ---- functions ---- */

#define FUNCTION(name, node)                                                                    \
    "library { function { signature { name: '" name "' input_arg { name: 'x' type: DT_FLOAT } " \
    "output_arg { name: 'y' type: DT_FLOAT } } node_def { name: 'n' op: '"                      \
    node "' input: 'x' " TYPE("T", "DT_FLOAT") "} ret { key: 'y' value: 'n:y:0' } } }\n"

static void functions(void **state)
{
    struct weft_graph *g = weft_graph_new();
    (void)state;
    ok(import(g, NULL, FUNCTION("f", "Neg") FLOAT_IN("A") NODE("B", "f", IN("A"))
              NODE("C", "PartitionedCall", IN("A") "attr { key: 'Tin' value { list { type: "
                   "DT_FLOAT } } } attr { key: 'Tout' value { list { type: DT_FLOAT } } } "
                   "attr { key: 'f' value { func { name: 'f' attr { key: 'k' value { i: 4 } } } } }")));
    ok(import(g, NULL, FUNCTION("f", "Neg")));
    fails(import(g, NULL, FUNCTION("f", "Square")), WEFT_INVALID_ARGUMENT, "Cannot add function "
          "'f' because a different function with the same name already exists.");
    assert_true(export_has(g, 0, "min_consumer: 12"));
    assert_true(export_has(g, 0, "value: \"n:y:0\""));
    assert_true(export_has(g, 0, "i: 4"));      /* what the function is given */
    weft_graph_free(g);
}

/* ---- out ---- */

static void exports(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_bytes b = { 0 }, text = { 0 };
    (void)state;
    placeholder(g, "x", WEFT_FLOAT, 2, (const int64_t[]){ 3, -1 });
    assert_true(export_has(g, 0, "producer: 27"));
    assert_false(export_has(g, 0, "min_consumer"));
    assert_false(export_has(g, 0, "library"));
    assert_false(export_has(g, 0, "_output_shapes"));
    assert_true(export_has(g, WEFT_EXPORT_SHAPES, "_output_shapes"));
    ok(weft_node_export(weft_graph_find(g, "x"), &b));
    ok(weft_message_to_text("NodeDef", b.data, b.size, &text));
    assert_non_null(strstr(text.data, "op: \"Placeholder\""));
    weft_bytes_free(&b);
    weft_bytes_free(&text);
    weft_graph_free(g);
}

static void shapes_come_back(void **state)
{
    struct weft_graph *g = weft_graph_new();
    int64_t dims[WEFT_MAX_RANK];
    (void)state;
    ok(import(g, NULL, NODE("A", "Placeholder", TYPE("dtype", "DT_FLOAT") "attr { key: "
              "'_output_shapes' value { list { shape { dim { size: 2 } dim { size: -1 } } } } } ")
              "versions { producer: 27 }"));
    assert_int_equal(weft_out_shape((struct weft_out){ weft_graph_find(g, "A"), 0 }, dims), 2);
    assert_int_equal(dims[0], 2);
    weft_graph_free(g);
}

/* ---- files ---- */

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void files(void **state)
{
    char path[] = P_tmpdir "/weft-graphdef-XXXXXX";
    int fd = mkstemp(path);
    struct weft_bytes b = { 0 };
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    ok(weft_message_from_text("GraphDef", AB, strlen(AB), &b));
    for (int text = 0; text < 2; text++) {
        struct weft_graph *g = weft_graph_new();
        write_file(path, text ? AB : b.data, text ? strlen(AB) : b.size);
        ok(weft_graph_import_file(g, NULL, path));
        assert_int_equal(weft_graph_count(g), 2);
        weft_graph_free(g);
    }
    struct weft_graph *g = weft_graph_new();
    write_file(path, "node { nome: 'x' }", 18);
    fails(weft_graph_import_file(g, NULL, path), WEFT_INVALID_ARGUMENT,
          ":1:8: NodeDef has no field \"nome\"");
    unlink(path);
    fails(weft_graph_import_file(g, NULL, path), WEFT_NOT_FOUND, path);
    fails(weft_graph_import(g, NULL, "hello, world", 12), WEFT_INVALID_ARGUMENT,
          "Invalid GraphDef");
    weft_graph_free(g);
    weft_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes),
        cmocka_unit_test(unique_names),
        cmocka_unit_test(wrong_names),
        cmocka_unit_test(wrong_inputs),
        cmocka_unit_test(maps),
        cmocka_unit_test(wrong_returns),
        cmocka_unit_test(wrong_ops),
        cmocka_unit_test(unknown_ops),
        cmocka_unit_test(op_list),
        cmocka_unit_test(in_scopes),
        cmocka_unit_test(colocation),
        cmocka_unit_test(loops),
        cmocka_unit_test(functions),
        cmocka_unit_test(exports),
        cmocka_unit_test(shapes_come_back),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
