/* summary.c - values as Summary messages, for event files: ScalarSummary, HistogramSummary,
 * TensorSummary, TensorSummaryV2, MergeSummary. Pictures and sound: summary_media.c. */
#include "ops/summary.h"
#include "base/map.h"
#include "base/mem.h"
#include "graph/graph.h"
#include "graph/proto.h"

#include <math.h>

bool summary_is_scalar(const struct tensor *t)
{
    return t->shape.rank == 0 || (t->shape.rank == 1 && t->shape.dim[0] == 1);
}

const char *summary_text_in(const struct kernel *k, int i)
{
    return tstring_data(kernel_in(k, i)->data);
}

static struct status *set_output(struct kernel *k, const void *bytes, size_t n)
{
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    return tstring_set(kernel_out(k, 0)->data, bytes, n) ? NULL : status_no_memory();
}

struct status *summary_give(struct kernel *k, struct summary *s, struct status *st)
{
    void *bytes = NULL;
    size_t n;
    if (!st)
        st = summary_encode(s, &bytes, &n);
    if (!st)
        st = set_output(k, bytes, n);
    mem_free(bytes);
    summary_release(s);
    return st;
}

/* ---- ScalarSummary ---- */

static struct status *check_tags(const struct tensor *tags, const struct tensor *values)
{
    bool same = shape_equal(&tags->shape, &values->shape) ||
                (summary_is_scalar(tags) && summary_is_scalar(values));
    bool one = tensor_count(tags) == 1;
    ENSURE(same, "tags and values not the same shape: %s != %s%s%s%s", SHAPE_STR(&tags->shape),
           SHAPE_STR(&values->shape), one ? " (tag '" : "", one ? tstring_data(tags->data) : "",
           one ? "')" : "");
    return NULL;
}

static struct status *add_scalars(struct kernel *k, struct summary *s)
{
    const struct tensor *tags = kernel_in(k, 0), *values = kernel_in(k, 1);
    const struct tstring *tag = tags->data;
    TRY(check_tags(tags, values));
    for (int64_t i = 0; i < tensor_count(tags); i++)
        TRY(summary_scalar(s, tstring_data(&tag[i]), (float)tensor_double(values, i)));
    return NULL;
}

static struct status *scalar_summary(struct kernel *k)
{
    struct summary s = { 0 };
    return summary_give(k, &s, add_scalars(k, &s));
}

/* ---- HistogramSummary ---- */

static struct status *count_values(struct kernel *k, struct histogram *h)
{
    const struct tensor *x = kernel_in(k, 1);
    for (int64_t i = 0, n = tensor_count(x); i < n; i++) {
        double v = tensor_double(x, i);
        ENSURE(!isnan(v), "Nan in summary histogram for: %s", k->node->name);
        ENSURE(!isinf(v), "Infinity in summary histogram for: %s", k->node->name);
        histogram_add(h, v);
    }
    return NULL;
}

static struct status *histogram_summary(struct kernel *k)
{
    struct summary s = { 0 };
    struct histogram h;
    ENSURE(summary_is_scalar(kernel_in(k, 0)), "tags must be scalar");
    TRY(histogram_init(&h));
    struct status *st = count_values(k, &h);
    if (!st)
        st = summary_histogram(&s, summary_text_in(k, 0), &h);
    histogram_release(&h);
    return summary_give(k, &s, st);
}

/* ---- TensorSummary, TensorSummaryV2 ---- */

/* Numbers as their bytes, however few. */
static struct status *to_proto(struct arena *a, const struct tensor *t, Wire__TensorProto **m)
{
    if (t->dtype == DT_STRING)
        return tensor_to_proto(a, t, m);
    ENSURE(!dtype_owns(t->dtype), "a tensor of %s cannot be in a summary", dtype_name(t->dtype));
    NEED(*m = arena_new(a, Wire__TensorProto));
    wire__tensor_proto__init(*m);
    (*m)->dtype = (Wire__DataType)t->dtype;
    (*m)->tensor_content = (ProtobufCBinaryData){ tensor_bytes(t), t->data };
    return shape_to_proto(a, &t->shape, &(*m)->tensor_shape);
}

static struct status *add_tensor(struct kernel *k, struct summary *s)
{
    Wire__TensorProto *m;
    TRY(to_proto(&s->arena, kernel_in(k, 0), &m));
    return summary_tensor(s, k->node->name, NULL, m, NULL);
}

static struct status *tensor_summary(struct kernel *k)
{
    struct summary s = { 0 };
    return summary_give(k, &s, add_tensor(k, &s));
}

static struct status *add_tagged(struct kernel *k, struct summary *s)
{
    const struct tstring *bytes = kernel_in(k, 2)->data;
    Wire__SummaryMetadata *metadata;
    Wire__TensorProto *m;
    ENSURE(summary_is_scalar(kernel_in(k, 0)), "tag must be scalar");
    ENSURE(summary_is_scalar(kernel_in(k, 2)), "serialized_summary_metadata must be scalar");
    TRY(wire_decode(&s->arena, &wire__summary_metadata__descriptor, tstring_data(bytes),
                    tstring_len(bytes), &metadata));
    TRY(to_proto(&s->arena, kernel_in(k, 1), &m));
    return summary_tensor(s, NULL, summary_text_in(k, 0), m, metadata);
}

static struct status *tensor_summary_v2(struct kernel *k)
{
    struct summary s = { 0 };
    return summary_give(k, &s, add_tagged(k, &s));
}

/* ---- MergeSummary ---- */

static struct status *add_value(struct summary *s, struct map *tags, Wire__Summary__Value *v)
{
    if (*v->tag) {
        ENSURE(!map_get(tags, v->tag), "Duplicate tag %s found in summary inputs", v->tag);
        NEED(map_put(tags, v->tag, v));
    }
    return summary_add(s, v);
}

static struct status *add_summary(struct summary *s, struct map *tags, const struct tstring *in)
{
    Wire__Summary *m;
    struct status *st = wire_decode(&s->arena, &wire__summary__descriptor, tstring_data(in),
                                    tstring_len(in), &m);
    if (status_code(st) == INVALID_ARGUMENT) {
        status_free(st);
        return status_new(INVALID_ARGUMENT, "Could not parse one of the summary inputs");
    }
    TRY(st);
    for (size_t i = 0; i < m->n_value; i++)
        TRY(add_value(s, tags, m->value[i]));
    return NULL;
}

static struct status *add_inputs(struct kernel *k, struct summary *s, struct map *tags)
{
    for (int i = 0; i < k->n_in; i++)
        for (int64_t j = 0; j < tensor_count(kernel_in(k, i)); j++)
            TRY(add_summary(s, tags, (const struct tstring *)kernel_in(k, i)->data + j));
    return NULL;
}

static struct status *merge_summary(struct kernel *k)
{
    struct summary s = { 0 };
    struct map tags = { 0 };
    struct status *st = add_inputs(k, &s, &tags);
    map_free(&tags);
    return summary_give(k, &s, st);
}

/* ---- rows ---- */

const struct op ops_summary[] = {
    { .name = "ScalarSummary", .inputs = "tags: string, values: T", .outputs = "summary: string",
      .attrs = "T: realnumbertype", .doc = "Scalars by their tags, as a summary.",
      .shape = shape_scalar, .grad = NOT_DIFFERENTIABLE, .kernel_any = scalar_summary },
    { .name = "HistogramSummary", .inputs = "tag: string, values: T",
      .outputs = "summary: string", .attrs = "T: realnumbertype = float",
      .doc = "How values are distributed, as a summary.", .shape = shape_scalar,
      .grad = NOT_DIFFERENTIABLE, .kernel_any = histogram_summary },
    { .name = "TensorSummary",
      .note = "A tensor of resources is refused.",
      .inputs = "tensor: T", .outputs = "summary: string",
      .attrs = "T: type; description: string = \"\"; labels: list(string) = []; "
               "display_name: string = \"\"",
      .doc = "A tensor as a summary that has the node's name.", .shape = shape_scalar,
      .grad = NOT_DIFFERENTIABLE, .kernel_any = tensor_summary },
    { .name = "TensorSummaryV2",
      .inputs = "tag: string, tensor: T, serialized_summary_metadata: string",
      .outputs = "summary: string", .attrs = "T: type",
      .doc = "A tensor as a summary with a tag and what the plugin that shows it is to know.",
      .shape = shape_scalar, .grad = NOT_DIFFERENTIABLE, .kernel_any = tensor_summary_v2 },
    { .name = "MergeSummary", .inputs = "inputs: N * string", .outputs = "summary: string",
      .attrs = "N: int >= 1", .doc = "Several summaries as one; no tag may come twice.",
      .shape = shape_scalar, .grad = NOT_DIFFERENTIABLE, .kernel_any = merge_summary },
    { 0 }
};
