/* variable_test.c - the nodes of a variable, their names, and what initializes them. */
#include "build/variable.h"
#include "ops/ops.h"
#include "test/expect.h"

#include <stdio.h>

static void sticks(struct graph *g, enum code code, const char *text)
{
    struct status *st = build_take_error(g);
    assert_non_null(st);
    if (status_code(st) != code || !strstr(status_message(st), text))
        fail_msg("wanted %s \"%s\", got %s \"%s\"", code_name(code), text,
                 code_name(status_code(st)), status_message(st));
    status_free(st);
}

static struct variable_nodes variable(struct graph *g, const char *name, unsigned flags)
{
    char initial[64];
    snprintf(initial, sizeof initial, "%s/initial_value", name ? name : "Variable");
    struct variable_nodes v = build_variable(g, name, build_scalar(g, initial, DT_FLOAT, 2), flags);
    ok(build_take_error(g));
    assert_non_null(v.value.node);
    return v;
}

static void is_made(const struct node *n, const char *name, const char *op)
{
    assert_non_null(n);
    assert_string_equal(n->name, name);
    assert_string_equal(n->op->name, op);
}

static void are_same(const struct variable_nodes *a, const struct variable_nodes *b)
{
    assert_ptr_equal(a->ref.node, b->ref.node);
    assert_ptr_equal(a->value.node, b->value.node);
    assert_ptr_equal(a->initializer, b->initializer);
}

static const char *class_of(const struct node *n)
{
    const struct attr *a = node_attr_find(n, "_class");
    return a && a->n == 1 ? a->texts[0].s : "";
}

/* C7: v, v/Assign and v/read, colocated; nothing else besides the initial value. */
static void ref_variables(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct variable_nodes v = variable(g, "v", 0);
    is_made(v.ref.node, "v", "VariableV2");
    is_made(v.initializer, "v/Assign", "Assign");
    is_made(v.value.node, "v/read", "Identity");
    assert_string_equal(class_of(v.initializer), "loc:@v");
    assert_string_equal(class_of(v.value.node), "loc:@v");
    assert_true(out_is_ref(v.ref));
    assert_int_equal(g->n, 4);
    assert_int_equal(variable_dtype(&v), DT_FLOAT);
    assert_int_equal(variable_shape(&v)->rank, 0);
    struct variable_nodes same = variable_of(v.ref);
    are_same(&same, &v);
    graph_unref(g);
}

/* C7: a resource variable's four. */
static void resource_variables(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct variable_nodes v = variable(g, "v", VARIABLE_RESOURCE);
    is_made(v.ref.node, "v", "VarHandleOp");
    is_made(graph_find(g, "v/IsInitialized/VarIsInitializedOp"),
            "v/IsInitialized/VarIsInitializedOp", "VarIsInitializedOp");
    is_made(v.initializer, "v/Assign", "AssignVariableOp");
    is_made(v.value.node, "v/Read/ReadVariableOp", "ReadVariableOp");
    assert_string_equal(node_attr_string(v.ref.node, "shared_name"), "v");
    assert_int_equal(g->n, 5);
    assert_int_equal(variable_dtype(&v), DT_FLOAT);
    struct variable_nodes same = variable_of(v.ref);
    are_same(&same, &v);
    graph_unref(g);
}

/* C22: Variable, Variable_1. C23: under the name scope, and made unique. */
static void default_names(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    is_made(variable(g, NULL, 0).ref.node, "Variable", "VariableV2");
    is_made(variable(g, NULL, 0).ref.node, "Variable_1", "VariableV2");
    is_made(variable(g, "w", 0).ref.node, "w", "VariableV2");
    struct variable_nodes v = variable(g, "w", 0);
    is_made(v.initializer, "w_1/Assign", "Assign");
    scope_name(g, "s");
    v = variable(g, "w", 0);
    is_made(v.ref.node, "s/w", "VariableV2");
    is_made(v.value.node, "s/w/read", "Identity");
    scope_end(g);
    graph_unref(g);
}

/* C16: what initializes a variable made under control dependencies does not wait for them. */
static void variables_wait_for_nothing(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct node *c = build_scalar(g, "c", DT_FLOAT, 1).node;
    struct out initial = build_scalar(g, "initial", DT_FLOAT, 1);
    for (unsigned flags = 0; flags <= VARIABLE_RESOURCE; flags += VARIABLE_RESOURCE) {
        scope_control(g, &c, 1);
        struct variable_nodes v = build_variable(g, "v", initial, flags);
        struct out changed = build_update("AssignAdd", "AssignAddVariableOp", v, initial);
        scope_end(g);
        ok(build_take_error(g));
        assert_int_equal(v.ref.node->n_control, 0);
        assert_int_equal(v.initializer->n_control, 0);
        assert_int_equal(v.value.node->n_control, 0);
        assert_true(changed.node->n_control > 0);
    }
    graph_unref(g);
}

static int collected(struct graph *g, const char *key, const struct node *n)
{
    struct out items[16];
    int total = graph_collection(g, key, items, 16), found = 0;
    for (int i = 0; i < total; i++)
        found += items[i].node == n;
    return found;
}

/* C19: "variables", and "trainable_variables" unless told not. C20: local ones are apart. */
static void collections(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    const struct node *plain = variable(g, "plain", 0).ref.node;
    const struct node *fixed = variable(g, "fixed", VARIABLE_NOT_TRAINABLE).ref.node;
    const struct node *local = variable(g, "local", VARIABLE_LOCAL).ref.node;
    assert_int_equal(collected(g, "variables", plain), 1);
    assert_int_equal(collected(g, "trainable_variables", plain), 1);
    assert_int_equal(collected(g, "variables", fixed), 1);
    assert_int_equal(collected(g, "trainable_variables", fixed), 0);
    assert_int_equal(collected(g, "variables", local), 0);
    assert_int_equal(collected(g, "trainable_variables", local), 0);
    assert_int_equal(collected(g, "local_variables", local), 1);
    graph_unref(g);
}

/* C8: "init" runs the initializers of the variables there are at that moment; with none it is a
 * NoOp; the next is "init_1". */
static void initializers(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct node *init = build_initializer(g);
    is_made(init, "init", "NoOp");
    assert_int_equal(init->n_control, 0);
    struct variable_nodes v = variable(g, "v", 0), w = variable(g, "w", VARIABLE_RESOURCE);
    struct variable_nodes l = variable(g, "l", VARIABLE_LOCAL);
    init = build_initializer(g);
    is_made(init, "init_1", "NoOp");
    variable(g, "later", 0);
    assert_int_equal(init->n_control, 3);
    assert_ptr_equal(init->control[0], v.initializer);
    assert_ptr_equal(init->control[1], w.initializer);
    assert_ptr_equal(init->control[2], l.initializer);
    graph_unref(g);
}

/* C15: a variable needs a shape. C21 has no counterpart. Errors give no nodes. */
static void shapes_are_needed(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = build(g, "Placeholder", "x", NULL, 0, ATTRS(attr_type("dtype", DT_FLOAT)));
    struct variable_nodes v = build_variable(g, "v", x, 0);
    assert_null(v.ref.node);
    sticks(g, INVALID_ARGUMENT, "initial_value must have a shape specified");
    v = build_variable(g, "bad:name", build_scalar(g, NULL, DT_FLOAT, 1), 0);
    assert_null(v.ref.node);
    assert_null(v.value.node);
    sticks(g, INVALID_ARGUMENT, "is not a valid node name");
    v = build_variable(g, "v", (struct out){ 0 }, 0);
    assert_null(v.ref.node);
    graph_unref(g);
}

/* A95 for resource and ref variables, A24: scopes reach a variable's nodes. */
static void scopes_reach_variables(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    scope_container(g, "c");
    scope_device(g, "/cpu:0");
    struct variable_nodes v = variable(g, "v", 0), w = variable(g, "w", VARIABLE_RESOURCE);
    scope_end(g);
    scope_end(g);
    assert_string_equal(node_attr_string(v.ref.node, "container"), "c");
    assert_string_equal(node_attr_string(w.ref.node, "container"), "c");
    assert_string_equal(v.ref.node->device, "/device:CPU:0");
    assert_string_equal(v.value.node->device, "/device:CPU:0");
    assert_string_equal(w.value.node->device, "/device:CPU:0");
    graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ref_variables),
        cmocka_unit_test(resource_variables),
        cmocka_unit_test(default_names),
        cmocka_unit_test(variables_wait_for_nothing),
        cmocka_unit_test(collections),
        cmocka_unit_test(initializers),
        cmocka_unit_test(shapes_are_needed),
        cmocka_unit_test(scopes_reach_variables),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
