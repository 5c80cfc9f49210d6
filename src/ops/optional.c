/* optional.c - OptionalFromValue, OptionalNone, OptionalHasValue, OptionalGetValue. */
#include "ops/optional.h"

#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"

struct optional { struct variant base; int n; struct tensor element[]; };   /* n = 0: none */

static void optional_free(struct variant *v)
{
    struct optional *o = (struct optional *)v;
    element_clear(o->element, o->n);
    mem_free(o);
}

static const struct variant_kind OPTIONAL = { "optional", optional_free };

static struct status *put(struct kernel *k, int i, struct tensor *element, int n)
{
    struct optional *o;
    TRY(kernel_new(k, i, DT_VARIANT, &SHAPE_SCALAR));
    NEED(o = mem_zero(sizeof *o + (size_t)n * sizeof *element));
    variant_init(&o->base, &OPTIONAL);
    o->n = n;
    element_move(o->element, element, n);
    *(struct variant **)kernel_out(k, i)->data = &o->base;
    return NULL;
}

struct status *optional_put(struct kernel *k, int i, struct tensor *element, int n)
{
    struct status *st = put(k, i, element, n);
    element_clear(element, n);
    return st;
}

static struct status *optional_in(const struct kernel *k, const struct optional **o)
{
    const struct tensor *t = kernel_in(k, 0);
    struct variant *v = t->shape.rank == 0 ? *(struct variant **)t->data : NULL;
    ENSURE(v && v->kind == &OPTIONAL, "Input to OptionalHasValue or OptionalGetValue must be a "
           "scalar variant that holds an optional");
    *o = (const struct optional *)v;
    return NULL;
}

static struct status *from_value_run(struct kernel *k)
{
    struct tensor *t;
    TRY(kernel_temp(k, (size_t)k->n_in * sizeof *t, &t));
    for (int i = 0; i < k->n_in; i++)
        t[i].buf = NULL;
    for (int i = 0; i < k->n_in; i++) {
        struct status *st = kernel_keep(k, i, &t[i]);
        if (st) {
            element_clear(t, k->n_in);
            return st;
        }
    }
    return optional_put(k, 0, t, k->n_in);
}

static struct status *none_run(struct kernel *k) { return optional_put(k, 0, NULL, 0); }

static struct status *has_value_run(struct kernel *k)
{
    const struct optional *o;
    TRY(optional_in(k, &o));
    TRY(kernel_new(k, 0, DT_BOOL, &SHAPE_SCALAR));
    *(bool *)kernel_out(k, 0)->data = o->n > 0;
    return NULL;
}

static struct status *get_value_run(struct kernel *k)
{
    const struct optional *o;
    TRY(optional_in(k, &o));
    ENSURE(o->n, "The given optional does not have a value.");
    ENSURE(o->n == k->node->n_out, "The given optional has %d components, expected %d.", o->n,
           k->node->n_out);
    for (int i = 0; i < o->n; i++)
        ENSURE(o->element[i].dtype == k->node->dtype[i], "The given optional does not match the "
               "expected type for component %d: expected %s, actual %s", i,
               dtype_name(k->node->dtype[i]), dtype_name(o->element[i].dtype));
    for (int i = 0; i < o->n; i++)
        kernel_set(k, i, tensor_ref(&o->element[i]));
    return NULL;
}

const struct op ops_optional[] = {
    { .name = "OptionalFromValue", .inputs = "components: Toutput_types",
      .outputs = "optional: variant", .attrs = "Toutput_types: list(type) >= 1",
      .doc = "An optional value that is there.", .shape = shape_scalar, .grad = NO_GRADIENT,
      .kernel_any = from_value_run },
    { .name = "OptionalNone", .inputs = "", .outputs = "optional: variant", .attrs = "",
      .doc = "An optional value that is not there.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = none_run },
    { .name = "OptionalHasValue", .inputs = "optional: variant", .outputs = "has_value: bool",
      .attrs = "", .doc = "Whether an optional value is there.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = has_value_run },
    { .name = "OptionalGetValue", .inputs = "optional: variant",
      .outputs = "components: output_types",
      .attrs = "output_types: list(type) >= 1; output_shapes: list(shape) >= 1",
      .doc = "The optional value, which must be there.", .shape = dataset_shape_outputs,
      .grad = NO_GRADIENT, .kernel_any = get_value_run },
    { 0 }
};
