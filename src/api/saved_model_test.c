/* Meta graphs and SavedModel directories, written and read again (G12, G17-G22). */
#include "api/testing.h"

#include <ftw.h>
#include <unistd.h>

static char folder[] = P_tmpdir "/weft-saved-XXXXXX";

static char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, size_t n)
{
    FILE *f = fopen(in_folder(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

/* y = x w + b: w [2,1] = {2, 1}, b = {10}; a table of contents that is a file. */
struct linear {
    struct weft_graph *g;
    struct weft_session *s;
    struct weft_out x, y, toc, text;
    struct weft_variable w, b;
};

static struct linear linear(unsigned flags)
{
    struct linear m = { .g = weft_graph_new() };
    struct weft_tensor *empty = weft_tensor_text("", 0);
    m.x = placeholder(m.g, "x", WEFT_FLOAT, 2, (int64_t[]){ -1, 2 });
    m.w = weft_variable_new(m.g, "w", matrix(m.g, WEFT_FLOAT, 2, 1, (double[]){ 2, 1 }), flags);
    m.b = weft_variable_new(m.g, "b", weft_vector(m.g, WEFT_FLOAT, 1, (double[]){ 10 }), flags);
    struct weft_out xw = binary("MatMul", m.x, m.w.value);
    m.y = weft_op(m.g, "Add", WEFT_OUTS(xw, m.b.value), WEFT_ATTRS(weft_name("y")));
    m.toc = weft_const_named(m.g, "toc", empty);
    m.text = weft_op(m.g, "Identity", &m.toc, 1, WEFT_ATTRS(weft_name("where")));
    struct weft_node *init = weft_variables_initializer(m.g);
    m.s = session_on(m.g);
    ok(weft_session_do(m.s, init));
    weft_tensor_free(empty);
    return m;
}

static void linear_free(struct linear *m)
{
    weft_session_free(m->s);
    weft_graph_free(m->g);
}

static struct weft_meta_graph *serving(const struct linear *m)
{
    struct weft_meta_graph *meta = weft_meta_graph_new();
    struct weft_named_out x = { "in", m->x }, y = { "out", m->y }, text = { "path", m->text };
    weft_meta_graph_tag(meta, "serve");
    weft_meta_graph_signature(meta, NULL, NULL, &x, 1, &y, 1);
    weft_meta_graph_signature(meta, "where", "find", NULL, 0, &text, 1);
    return meta;
}

static struct weft_status *load(const char *name, const char *tag, struct weft_saved_model **m)
{
    return weft_saved_model_load(in_folder(name), &tag, 1, NULL, m);
}

static void gives(struct weft_saved_model *m, double want)
{
    struct weft_tensor *x, *y = NULL;
    ok(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ 1, 2 }, (float[]){ 3, 4 }, &x));
    ok(weft_saved_model_run(m, NULL, NULL, &(struct weft_named_value){ "in", x }, 1, &y));
    is_near(weft_tensor_number(y, 0), want, 1e-6);
    weft_tensor_free(x);
    weft_tensor_free(y);
}

static void saved_and_loaded(const char *name, unsigned flags, bool as_text)
{
    struct linear m = linear(flags);
    struct weft_meta_graph *meta = serving(&m);
    struct weft_saved_model *again;
    ok(weft_session_do(m.s, weft_variable_add(m.b, m.b.value).node));
    ok(weft_saved_model_save(m.s, meta, in_folder(name), as_text));
    fails(weft_saved_model_save(m.s, meta, in_folder(name), as_text), WEFT_ALREADY_EXISTS,
          "Export directory already exists");
    ok(load(name, "serve", &again));
    gives(again, 30);
    struct weft_variable trained[4];
    assert_int_equal(weft_trainable_variables(weft_saved_model_graph(again), trained, 4), 2);
    named(trained[0].ref.node, "w", flags ? "VarHandleOp" : "VariableV2");
    assert_non_null(trained[0].initializer);
    weft_saved_model_free(again);
    weft_meta_graph_free(meta);
    linear_free(&m);
}

static void a_model_is_saved_and_loaded(void **state)
{
    (void)state;
    saved_and_loaded("ref", 0, false);
    saved_and_loaded("resource/deep", WEFT_USE_RESOURCE, false);
    saved_and_loaded("text", 0, true);
    assert_int_equal(access(in_folder("ref/saved_model.pb"), R_OK), 0);
    assert_int_equal(access(in_folder("ref/variables/variables.index"), R_OK), 0);
    assert_int_equal(access(in_folder("ref/variables/variables.data-00000-of-00001"), R_OK), 0);
    assert_int_equal(access(in_folder("text/saved_model.pbtxt"), R_OK), 0);
}

static void tags_are_matched_exactly(void **state)
{
    (void)state;
    static const char *const both[] = { "gpu", "serve" };
    struct weft_saved_model *m;
    struct weft_bytes tags;
    fails(load("ref", "train", &m), WEFT_NOT_FOUND, "MetaGraphDef associated with tags { train } "
          "could not be found in SavedModel. The tag sets there: { serve }");
    fails(weft_saved_model_load(in_folder("ref"), both, 2, NULL, &m), WEFT_NOT_FOUND,
          "tags { gpu, serve }");
    fails(load("nowhere", "serve", &m), WEFT_NOT_FOUND, "SavedModel file does not exist at: ");
    fails(load("nowhere", "serve", &m), WEFT_NOT_FOUND,
          "nowhere/{saved_model.pbtxt|saved_model.pb}");
    assert_null(m);
    ok(weft_saved_model_tags(in_folder("ref"), &tags));
    assert_string_equal(tags.data, "serve\n");
    weft_bytes_free(&tags);
}

static void signatures_are_listed(void **state)
{
    (void)state;
    struct weft_saved_model *m;
    ok(weft_saved_model_read(in_folder("ref"), NULL, 0, &m));
    assert_null(weft_saved_model_session(m));
    assert_int_equal(weft_saved_model_signatures(m), 2);
    const struct weft_signature *s = weft_saved_model_signature(m, 0);
    assert_string_equal(weft_signature_key(s), "serving_default");
    assert_string_equal(weft_signature_method(s), "tensorflow/serving/predict");
    struct weft_signature_value x = weft_signature_input(s, 0);
    assert_string_equal(x.key, "in");
    assert_string_equal(x.name, "x:0");
    assert_int_equal(x.dtype, WEFT_FLOAT);
    assert_int_equal(x.shape.rank, 2);
    assert_int_equal(x.shape.dims[0], -1);
    named(x.out.node, "x", "Placeholder");
    assert_null(weft_saved_model_find(m, "regress"));
    assert_string_equal(weft_signature_method(weft_saved_model_find(m, "where")), "find");
    struct weft_tensor *y;
    fails(weft_saved_model_run(m, NULL, NULL, NULL, 0, &y), WEFT_FAILED_PRECONDITION,
          "was read, not loaded");
    weft_saved_model_free(m);
}

static void calls_that_do_not_fit_say_why(void **state)
{
    (void)state;
    struct weft_saved_model *m;
    struct weft_tensor *x = weft_tensor_scalar(WEFT_INT32, 1), *y;
    ok(load("ref", "serve", &m));
    fails(weft_saved_model_run(m, NULL, NULL, NULL, 0, &y), WEFT_INVALID_ARGUMENT,
          "Signature 'serving_default' needs its input 'in' (float[?,2])");
    fails(weft_saved_model_run(m, NULL, NULL, &(struct weft_named_value){ "x", x }, 1, &y),
          WEFT_INVALID_ARGUMENT, "has no input 'x'; it has 'in' (float[?,2])");
    fails(weft_saved_model_run(m, NULL, NULL, &(struct weft_named_value){ "in", x }, 1, &y),
          WEFT_INVALID_ARGUMENT, "input 'in' is float[?,2], but int32[] was given");
    fails(weft_saved_model_run(m, "classify", NULL, NULL, 0, &y), WEFT_NOT_FOUND,
          "no signature 'classify'; it has 'serving_default', 'where'");
    weft_tensor_free(x);
    weft_saved_model_free(m);
}

static void assets_go_along(void **state)
{
    (void)state;
    struct linear m = linear(0);
    struct weft_meta_graph *meta = serving(&m);
    struct weft_saved_model *again;
    write_file("toc.txt", "one\ntwo\n", 8);
    /* A variable keeps the path that the main op is fed. */
    struct weft_variable kept = weft_variable_new(m.g, "kept", m.toc, WEFT_LOCAL);
    struct weft_named_out path = { "path", kept.value };
    weft_meta_graph_asset(meta, in_folder("toc.txt"), m.toc);
    weft_meta_graph_init(meta, kept.initializer);
    weft_meta_graph_signature(meta, "kept", NULL, NULL, 0, &path, 1);
    ok(weft_saved_model_save(m.s, meta, in_folder("assets"), false));
    ok(load("assets", "serve", &again));
    struct weft_tensor *t;
    ok(weft_saved_model_run(again, "kept", NULL, NULL, 0, &t));
    assert_string_equal(weft_tensor_string(t, 0, NULL), in_folder("assets/assets/toc.txt"));
    assert_int_equal(access(in_folder("assets/assets/toc.txt"), R_OK), 0);
    weft_tensor_free(t);
    weft_saved_model_free(again);
    weft_meta_graph_free(meta);
    linear_free(&m);
}

static void what_cannot_be_saved_leaves_nothing(void **state)
{
    (void)state;
    struct linear m = linear(0);
    struct weft_meta_graph *meta = serving(&m);
    weft_meta_graph_asset(meta, in_folder("not-there.txt"), m.toc);
    fails(weft_saved_model_save(m.s, meta, in_folder("none"), false), WEFT_NOT_FOUND, "not-there");
    assert_int_not_equal(access(in_folder("none"), F_OK), 0);
    weft_meta_graph_free(meta);
    meta = serving(&m);
    weft_meta_graph_signature(meta, NULL, NULL, NULL, 0, NULL, 0);
    fails(weft_saved_model_save(m.s, meta, in_folder("none"), false), WEFT_INVALID_ARGUMENT,
          "Two signatures have the key 'serving_default'");
    weft_meta_graph_free(meta);
    meta = weft_meta_graph_new();
    weft_meta_graph_signature(meta, "s", NULL, NULL, 0, &(struct weft_named_out){ "y", { 0 } }, 1);
    struct weft_bytes bytes;
    fails(weft_meta_graph_export(m.g, meta, &bytes), WEFT_INVALID_ARGUMENT,
          "All TensorInfo protos used in the SignatureDefs must have");
    weft_meta_graph_free(meta);
    linear_free(&m);
}

static void meta_graphs_go_out_and_in(void **state)
{
    (void)state;
    struct linear m = linear(0);
    struct weft_bytes bytes, text;
    weft_collect(m.g, "train_op", weft_output(m.y, -1));
    ok(weft_meta_graph_export(m.g, NULL, &bytes));
    ok(weft_message_to_text("MetaGraphDef", bytes.data, bytes.size, &text));
    assert_non_null(strstr(text.data, "tensorflow_version: \"1.15.0\""));
    assert_non_null(strstr(text.data, "name: \"VariableV2\""));
    struct weft_graph *g = weft_graph_new();
    ok(weft_meta_graph_import(g, "copy", true, bytes.data, bytes.size));
    struct weft_out op;
    struct weft_variable v[3];
    assert_int_equal(weft_collection(g, "train_op", &op, 1), 1);
    named(op.node, "copy/y", "Add");
    assert_int_equal(weft_trainable_variables(g, v, 3), 2);
    named(v[1].ref.node, "copy/b", "VariableV2");
    named(v[1].initializer, "copy/b/Assign", "Assign");
    fails(weft_meta_graph_import(g, NULL, false, "no", 2), WEFT_INVALID_ARGUMENT,
          "Invalid MetaGraphDef");
    struct weft_session *s = session_on(g);
    fails(weft_meta_graph_restore(s, "copy", bytes.data, bytes.size, "x"),
          WEFT_FAILED_PRECONDITION, "no saver_def");
    weft_session_free(s);
    weft_graph_free(g);
    weft_bytes_free(&text);
    weft_bytes_free(&bytes);
    linear_free(&m);
}

/* What a saver saved, restored by the meta graph alone. */
static void a_meta_graph_restores(void **state)
{
    (void)state;
    struct linear m = linear(0);
    struct weft_meta_graph *meta = serving(&m);
    struct weft_saver *saver;
    struct weft_bytes bytes, prefix;
    ok(weft_saver_new(m.g, NULL, 0, NULL, &saver));
    weft_meta_graph_saver(meta, saver);
    ok(weft_meta_graph_export(m.g, meta, &bytes));
    ok(weft_saver_save(saver, m.s, in_folder("checkpoint"), 3, &prefix));
    struct weft_graph *g = weft_graph_new();
    ok(weft_meta_graph_import(g, "again", false, bytes.data, bytes.size));
    struct weft_session *s = session_on(g);
    ok(weft_meta_graph_restore(s, "again", bytes.data, bytes.size, prefix.data));
    struct weft_out w;
    ok(weft_graph_find_out(g, "again/w:0", &w));
    HOLDS(s, w, 2, 1);
    ok(weft_saved_model_save(m.s, meta, in_folder("by-saver"), false));
    struct weft_saved_model *model;
    ok(load("by-saver", "serve", &model));
    gives(model, 20);
    weft_saved_model_free(model);
    weft_session_free(s);
    weft_graph_free(g);
    weft_bytes_free(&prefix);
    weft_bytes_free(&bytes);
    weft_saver_free(saver);
    weft_meta_graph_free(meta);
    linear_free(&m);
}

/* Each byte of the file spoilt, and each length cut: an error or a model, and nothing kept. */
static void damage_is_told(void **state)
{
    (void)state;
    struct weft_saved_model *m;
    FILE *f = fopen(in_folder("ref/saved_model.pb"), "rb");
    static char good[1 << 16], bad[1 << 16];
    size_t n = fread(good, 1, sizeof good, f);
    fclose(f);
    struct linear keep = linear(0);
    linear_free(&keep);
    size_t held = weft_memory_in_use();
    for (size_t at = 0; at < n; at += 7) {
        memcpy(bad, good, n);
        bad[at] ^= (char)(1 << at % 8);
        write_file("ref/saved_model.pb", bad, at % 2 ? n : at);
        weft_status_free(weft_saved_model_read(in_folder("ref"), NULL, 0, &m));
        weft_saved_model_free(m);
    }
    assert_int_equal(weft_memory_in_use(), held);
    write_file("ref/saved_model.pb", "", 0);
    fails(load("ref", "serve", &m), WEFT_INVALID_ARGUMENT, "holds no MetaGraphDef");
    write_file("ref/saved_model.pb", good, n);
    write_file("ref/variables/variables.index", good, 100);
    fails(load("ref", "serve", &m), WEFT_DATA_LOSS, "");
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_saved_and_loaded),
        cmocka_unit_test(tags_are_matched_exactly),
        cmocka_unit_test(signatures_are_listed),
        cmocka_unit_test(calls_that_do_not_fit_say_why),
        cmocka_unit_test(assets_go_along),
        cmocka_unit_test(what_cannot_be_saved_leaves_nothing),
        cmocka_unit_test(meta_graphs_go_out_and_in),
        cmocka_unit_test(a_meta_graph_restores),
        cmocka_unit_test(damage_is_told),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
