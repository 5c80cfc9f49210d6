#include "model/save_nodes.h"
#include "tensor/tstring.h"

#include <stdlib.h>

struct adding {
    struct graph *g;
    struct arena *arena;
    struct variable_nodes *v;
    int n;
    struct out filename;
};

/* ---- constants ---- */

static struct status *texts(const struct adding *s, bool names, struct tensor *t)
{
    TRY(tensor_new(t, NULL, DT_STRING, &SHAPE(s->n)));
    for (int i = 0; names && i < s->n; i++) {
        const char *name = s->v[i].ref.node->name;
        if (!tstring_set((struct tstring *)t->data + i, name, strlen(name))) {
            tensor_unref(t);
            return status_no_memory();
        }
    }
    return NULL;
}

/* The variables' names, or of each that all of it is meant. */
static struct out text_const(const struct adding *s, const char *name, bool names)
{
    struct tensor t;
    struct out o = { 0 };
    struct status *st = texts(s, names, &t);
    if (st) {
        build_fail(s->g, st);
        return o;
    }
    o = build_const(s->g, name, &t);
    tensor_unref(&t);
    return o;
}

/* TF: a default for the name, which nobody means: it is always fed. */
static struct out filename(const struct adding *s)
{
    struct tensor t;
    struct status *st = tensor_new(&t, NULL, DT_STRING, &SHAPE_SCALAR);
    if (!st && !tstring_set(t.data, "model", 5))
        st = status_no_memory();
    if (st) {
        build_fail(s->g, st);
        return (struct out){ 0 };
    }
    struct out input = build_const(s->g, "filename/input", &t);
    tensor_unref(&t);
    struct out name = build(s->g, "PlaceholderWithDefault", "filename", &input, 1,
                            ATTRS(attr_shape("shape", &SHAPE_SCALAR)));
    return build(s->g, "PlaceholderWithDefault", "Const", &name, 1,
                 ATTRS(attr_shape("shape", &SHAPE_SCALAR)));
}

/* ---- saving ---- */

static struct status *add_save(const struct adding *s, struct out *saved)
{
    struct out *in = arena_array(s->arena, struct out, s->n + 3);
    NEED(in);
    in[0] = s->filename;
    in[1] = text_const(s, "SaveV2/tensor_names", true);
    in[2] = text_const(s, "SaveV2/shape_and_slices", false);
    for (int i = 0; i < s->n; i++)
        in[3 + i] = variable_is_resource(&s->v[i]) ? s->v[i].value : s->v[i].ref;
    struct out save = build(s->g, "SaveV2", NULL, in, s->n + 3, NULL, 0);
    *saved = build_node(s->g, &(struct build_args){
        .op = "Identity", .name = "control_dependency", .in = &s->filename, .n_in = 1,
        .after = &save.node, .n_after = save.node != NULL });
    return NULL;
}

/* ---- restoring ---- */

static struct node *add_assign(const struct adding *s, const struct variable_nodes *v,
                               struct out value)
{
    if (!variable_is_resource(v))
        return build_node(s->g, &(struct build_args){ .op = "Assign", .n_in = 2,
                          .in = (struct out[]){ v->ref, value }, .colocate = v->ref.node }).node;
    value = build(s->g, "Identity", NULL, &value, 1, NULL, 0);
    return build_node(s->g, &(struct build_args){ .op = "AssignVariableOp", .n_in = 2,
                      .in = (struct out[]){ v->ref, value } }).node;
}

static struct status *add_restore(const struct adding *s, struct node **restored)
{
    int64_t *types = arena_array(s->arena, int64_t, s->n);
    struct node **assign = arena_array(s->arena, struct node *, s->n);
    NEED(types && assign ? types : NULL);
    for (int i = 0; i < s->n; i++)
        types[i] = variable_dtype(&s->v[i]);
    struct out names = text_const(s, "RestoreV2/tensor_names", true);
    struct out slices = text_const(s, "RestoreV2/shape_and_slices", false);
    struct out values = build(s->g, "RestoreV2", NULL, OUTS(s->filename, names, slices),
                              ATTRS(attr_types("dtypes", types, s->n)));
    for (int i = 0; i < s->n && values.node; i++)
        assign[i] = add_assign(s, &s->v[i], (struct out){ values.node, i });
    if (!build_failed(s->g))
        *restored = build_group(s->g, assign, s->n, "restore_all");
    return NULL;
}

/* ---- both ---- */

static int by_name(const void *a, const void *b)
{
    const struct out *x = a, *y = b;
    return strcmp(x->node->name, y->node->name);
}

static struct status *find_variables(struct adding *s, struct out *refs)
{
    NEED(s->v = arena_array(s->arena, struct variable_nodes, s->n + 1));
    qsort(refs, (size_t)s->n, sizeof *refs, by_name);
    for (int i = 0; i < s->n; i++) {
        const char *name = refs[i].node->name;
        ENSURE(!i || refs[i].node != refs[i - 1].node,
               "At least two variables have the same name: %s", name);
        s->v[i] = variable_of(refs[i]);
        ENSURE(out_is_ref(refs[i]) || (variable_is_resource(&s->v[i]) && s->v[i].value.node),
               "Variable to save is not a Variable: %s", name);
    }
    return NULL;
}

static struct status *define(struct arena *a, struct out name, struct out saved,
                             const struct node *restored, Wire__SaverDef **def)
{
    Wire__SaverDef *d = *def = arena_new(a, Wire__SaverDef);
    NEED(d);
    wire__saver_def__init(d);
    NEED(d->filename_tensor_name = arena_printf(a, "%s:0", name.node->name));
    NEED(d->save_tensor_name = arena_printf(a, "%s:0", saved.node->name));
    d->restore_op_name = (char *)restored->name;
    d->max_to_keep = 5;
    d->keep_checkpoint_every_n_hours = 10000;
    d->version = WIRE__SAVER_DEF__CHECKPOINT_FORMAT_VERSION__V2;
    return NULL;
}

static struct status *add_both(struct adding *s, struct out *saved, struct node **restored)
{
    s->filename = filename(s);
    TRY(add_save(s, saved));
    return add_restore(s, restored);
}

struct status *save_nodes_add(struct graph *g, struct out *refs, int n, struct arena *a,
                              Wire__SaverDef **def)
{
    struct adding s = { .g = g, .arena = a, .n = n };
    struct out saved = { 0 };
    struct node *restored = NULL;
    TRY(find_variables(&s, refs));
    scope_control(g, NULL, 0);          /* whoever builds this now is not what it waits for */
    scope_name(g, "save");
    struct status *st = add_both(&s, &saved, &restored);
    scope_end(g);
    scope_end(g);
    build_fail(g, st);
    TRY(build_take_error(g));
    return define(a, s.filename, saved, restored, def);
}
