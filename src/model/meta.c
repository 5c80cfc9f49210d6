/* meta.c - what a MetaGraphDef is to say besides the graph, gathered piece by piece. */
#include "model/meta.h"
#include "base/mem.h"
#include "graph/proto.h"

struct meta *meta_new(void)
{
    struct meta *m = mem_new(struct meta);
    if (!m)
        return NULL;
    wire__meta_graph_parts__init(&m->m);
    m->last_asset = &m->assets;
    m->m.meta_info_def = arena_new(&m->arena, Wire__MetaGraphDef__MetaInfoDef);
    if (!m->m.meta_info_def) {
        meta_free(m);
        return NULL;
    }
    wire__meta_graph_def__meta_info_def__init(m->m.meta_info_def);
    return m;
}

void meta_free(struct meta *m)
{
    if (!m)
        return;
    status_free(m->error);
    arena_free(&m->arena);
    mem_free(m);
}

void meta_fail(struct meta *m, struct status *st)
{
    if (m->error)
        status_free(st);
    else
        m->error = st;
}

/* One more pointer in a list of them; there are few, and setting them is nobody's hot path. */
static struct status *append(struct arena *a, void *list, size_t *n, void *item)
{
    void **old, **longer = arena_array(a, void *, *n + 1);
    NEED(longer && item ? longer : NULL);
    memcpy(&old, list, sizeof old);
    if (*n)
        memcpy(longer, old, *n * sizeof *old);
    longer[(*n)++] = item;
    memcpy(list, &longer, sizeof longer);
    return NULL;
}

void meta_tag(struct meta *m, const char *tag)
{
    Wire__MetaGraphDef__MetaInfoDef *info = m->m.meta_info_def;
    meta_fail(m, append(&m->arena, &info->tags, &info->n_tags, arena_strdup(&m->arena, tag)));
}

/* ---- signatures ---- */

/* TF: of a variable's reference the dtype says so. */
static struct status *tensor_info(struct arena *a, struct out o, Wire__TensorInfo **result)
{
    Wire__TensorInfo *info = *result = arena_new(a, Wire__TensorInfo);
    NEED(info);
    wire__tensor_info__init(info);
    info->encoding_case = WIRE__TENSOR_INFO__ENCODING_NAME;
    if (o.index < 0) {
        NEED(info->name = arena_strdup(a, o.node->name));
        return NULL;
    }
    NEED(info->name = arena_printf(a, "%s:%d", o.node->name, o.index));
    info->dtype = (Wire__DataType)(out_dtype(o) + (out_is_ref(o) ? DT_REF : 0));
    return shape_to_proto(a, out_shape(o), &info->tensor_shape);
}

static struct status *check(const char *key, const struct named_out *x)
{
    ENSURE(x->key && x->out.node && x->out.index < x->out.node->n_out,
           "Signature '%s': '%s' is not an output of a node. All TensorInfo protos used in the "
           "SignatureDefs must have the name and dtype fields set", key,
           x->key ? x->key : "");
    return NULL;
}

static struct status *add_input(struct arena *a, const char *key, Wire__SignatureDef *s,
                                const struct named_out *x)
{
    Wire__SignatureDef__InputsEntry *e = arena_new(a, Wire__SignatureDef__InputsEntry);
    NEED(e);
    wire__signature_def__inputs_entry__init(e);
    TRY(check(key, x));
    NEED(e->key = arena_strdup(a, x->key));
    TRY(tensor_info(a, x->out, &e->value));
    return append(a, &s->inputs, &s->n_inputs, e);
}

static struct status *add_output(struct arena *a, const char *key, Wire__SignatureDef *s,
                                 const struct named_out *x)
{
    Wire__SignatureDef__OutputsEntry *e = arena_new(a, Wire__SignatureDef__OutputsEntry);
    NEED(e);
    wire__signature_def__outputs_entry__init(e);
    TRY(check(key, x));
    NEED(e->key = arena_strdup(a, x->key));
    TRY(tensor_info(a, x->out, &e->value));
    return append(a, &s->outputs, &s->n_outputs, e);
}

static struct status *new_signature(struct meta *m, const char *key, const char *method,
                                    Wire__SignatureDef **result)
{
    Wire__MetaGraphParts__SignatureDefEntry *e =
        arena_new(&m->arena, Wire__MetaGraphParts__SignatureDefEntry);
    Wire__SignatureDef *s = *result = arena_new(&m->arena, Wire__SignatureDef);
    NEED(e && s ? e : NULL);
    for (size_t i = 0; i < m->m.n_signature_def; i++)
        ENSURE(strcmp(m->m.signature_def[i]->key, key), "Two signatures have the key '%s'", key);
    wire__meta_graph_parts__signature_def_entry__init(e);
    wire__signature_def__init(s);
    NEED(e->key = arena_strdup(&m->arena, key));
    NEED(s->method_name = arena_strdup(&m->arena, method));
    e->value = s;
    return append(&m->arena, &m->m.signature_def, &m->m.n_signature_def, e);
}

static struct status *signature(struct meta *m, const char *key, const char *method,
                                const struct named_out *in, int n_in,
                                const struct named_out *out, int n_out)
{
    Wire__SignatureDef *s;
    TRY(new_signature(m, key, method, &s));
    for (int i = 0; i < n_in; i++)
        TRY(add_input(&m->arena, key, s, &in[i]));
    for (int i = 0; i < n_out; i++)
        TRY(add_output(&m->arena, key, s, &out[i]));
    return NULL;
}

void meta_signature(struct meta *m, const char *key, const char *method,
                    const struct named_out *in, int n_in, const struct named_out *out, int n_out)
{
    if (!m->error)
        meta_fail(m, signature(m, key ? key : "serving_default",
                               method ? method : "tensorflow/serving/predict", in, n_in, out,
                               n_out));
}

/* ---- assets, savers ---- */

static struct status *add_asset(struct meta *m, const char *path, struct out name)
{
    struct meta_asset *a = arena_new(&m->arena, struct meta_asset);
    NEED(a);
    NEED(a->path = arena_strdup(&m->arena, path));
    ENSURE(out_is_valid(name) && out_dtype(name) == DT_STRING,
           "Asset '%s': what holds its path must be a string in the graph", path);
    a->name = name;
    *m->last_asset = a;
    m->last_asset = &a->next;
    return NULL;
}

void meta_add_asset(struct meta *m, const char *path, struct out name)
{
    if (!m->error)
        meta_fail(m, add_asset(m, path, name));
}

static struct status *copy_saver(struct arena *a, const Wire__SaverDef *from,
                                 Wire__SaverDef **result)
{
    Wire__SaverDef *to = *result = arena_copy(a, from, sizeof *from);
    NEED(to);
    NEED(to->filename_tensor_name = arena_strdup(a, from->filename_tensor_name));
    NEED(to->save_tensor_name = arena_strdup(a, from->save_tensor_name));
    NEED(to->restore_op_name = arena_strdup(a, from->restore_op_name));
    return NULL;
}

void meta_set_saver(struct meta *m, const Wire__SaverDef *def)
{
    if (!m->error)
        meta_fail(m, copy_saver(&m->arena, def, &m->m.saver_def));
}
