#include "io/slices_out.h"
#include "base/mem.h"
#include "tensor/tstring.h"
#include "wire/wire.h"

#include <stdlib.h>

enum { VERSION = 1 };

struct status *slices_begin(struct slices_out *o, int most)
{
    *o = (struct slices_out){ .most = most };
    NEED(o->slice = arena_array(&o->arena, struct slice_out, most));
    return NULL;
}

void slices_release(struct slices_out *o)
{
    for (int i = 0; i < o->n_slices; i++) {
        str_free(&o->slice[i].key);
        mem_free(o->slice[i].bytes);
    }
    arena_free(&o->arena);
}

/* ---- values, in the field of their type ---- */

static struct status *put_strings(struct arena *a, const struct tensor *t, Wire__TensorProto *m)
{
    const struct tstring *s = t->data;
    m->n_string_val = (size_t)tensor_count(t);
    NEED(m->string_val = arena_array(a, ProtobufCBinaryData, m->n_string_val));
    for (size_t i = 0; i < m->n_string_val; i++)
        m->string_val[i] = (ProtobufCBinaryData){ tstring_len(&s[i]),
                                                  (uint8_t *)(uintptr_t)tstring_data(&s[i]) };
    return NULL;
}

/* Small integers, bools and halves stand as numbers of four bytes. */
static struct status *widen(struct arena *a, const struct tensor *t, int32_t **wide)
{
    int64_t n = tensor_count(t);
    NEED(*wide = arena_array(a, int32_t, n));
    for (int64_t i = 0; i < n; i++)
        (*wide)[i] = t->dtype == DT_HALF || t->dtype == DT_BFLOAT16
                         ? ((const uint16_t *)t->data)[i] : (int32_t)tensor_int(t, i);
    return NULL;
}

static struct status *put_values(struct arena *a, const struct tensor *t, Wire__TensorProto *m)
{
    size_t n = (size_t)tensor_count(t);
    int32_t *wide = NULL;
    if (dtype_size(t->dtype) <= 2)
        TRY(widen(a, t, &wide));
    switch (t->dtype) {
    case DT_STRING: return put_strings(a, t, m);
    case DT_FLOAT: m->float_val = t->data; m->n_float_val = n; break;
    case DT_DOUBLE: m->double_val = t->data; m->n_double_val = n; break;
    case DT_COMPLEX64: m->scomplex_val = t->data; m->n_scomplex_val = 2 * n; break;
    case DT_COMPLEX128: m->dcomplex_val = t->data; m->n_dcomplex_val = 2 * n; break;
    case DT_INT64: m->int64_val = t->data; m->n_int64_val = n; break;
    case DT_UINT32: m->uint32_val = t->data; m->n_uint32_val = n; break;
    case DT_UINT64: m->uint64_val = t->data; m->n_uint64_val = n; break;
    case DT_BOOL: m->bool_val = wide; m->n_bool_val = n; break;
    case DT_HALF: case DT_BFLOAT16: m->half_val = wide; m->n_half_val = n; break;
    case DT_INT32: case DT_QINT32: m->int_val = t->data; m->n_int_val = n; break;
    case DT_UINT8: case DT_INT8: case DT_INT16: case DT_UINT16: case DT_QINT8: case DT_QUINT8:
    case DT_QINT16: case DT_QUINT16: m->int_val = wide; m->n_int_val = n; break;
    default:
        return status_new(UNIMPLEMENTED, "Saving data type %s not yet supported",
                          dtype_name(t->dtype));
    }
    return NULL;
}

static struct status *encode(struct arena *a, const char *name, const struct slice *s,
                             const struct tensor *t, struct slice_out *to)
{
    Wire__SavedTensorSlices all = WIRE__SAVED_TENSOR_SLICES__INIT;
    Wire__SavedSlice one = WIRE__SAVED_SLICE__INIT;
    Wire__TensorProto values = WIRE__TENSOR_PROTO__INIT;
    void *bytes;
    one.name = (char *)(uintptr_t)name;
    one.data = &values;
    all.data = &one;
    TRY(slice_to_proto(a, s, &one.slice));
    TRY(put_values(a, t, &values));
    TRY(wire_encode(&all.base, &bytes, &to->n));
    to->bytes = bytes;
    return NULL;
}

/* ---- the list ---- */

static struct status *entry_of(struct slices_out *o, struct piece name, enum dtype dtype,
                               const struct shape *whole, struct saved **e)
{
    for (size_t i = 0; i < o->n; i++)
        if (!piece_compare(o->entry[i].name, name)) {
            *e = &o->entry[i];
            ENSURE((*e)->dtype == dtype && shape_equal(&(*e)->shape, whole),
                   "Mismatching shapes or types: existing tensor = %s%s, trying to add name %.*s, "
                   "%s%s", dtype_name((*e)->dtype), SHAPE_STR(&(*e)->shape), (int)name.n, name.p,
                   dtype_name(dtype), SHAPE_STR(whole));
            return NULL;
        }
    NEED(o->entry = saved_grow(&o->arena, o->entry, o->n, &o->room));
    *e = &o->entry[o->n];
    **e = (struct saved){ .dtype = dtype, .shape = *whole, .name = { NULL, name.n } };
    NEED((*e)->name.p = arena_strndup(&o->arena, name.p, name.n));
    NEED((*e)->slice = arena_array(&o->arena, struct slice, o->most));
    o->n++;
    return NULL;
}

struct status *slices_add(struct slices_out *o, struct piece name, const struct shape *whole,
                          const struct slice *s, const struct tensor *t)
{
    struct arena a = { 0 };
    struct saved *e;
    ENSURE(name.n && !memchr(name.p, 0, name.n), "A tensor to save needs a name without zeros");
    TRY(entry_of(o, name, t->dtype, whole, &e));
    struct slice_out *to = &o->slice[o->n_slices++];
    struct status *st = encode(&a, e->name.p, s, t, to);
    arena_free(&a);
    TRY(st);
    e->slice[e->n_slices++] = *s;
    slice_key(name, s, &to->key);
    NEED(!to->key.failed);
    return NULL;
}

static struct status *list_entry(struct arena *a, const struct saved *e, Wire__SavedSliceMeta **m)
{
    Wire__TensorShapeProto *shape = arena_new(a, Wire__TensorShapeProto);
    NEED(shape && (*m = arena_new(a, Wire__SavedSliceMeta)));
    wire__saved_slice_meta__init(*m);
    wire__tensor_shape_proto__init(shape);
    (*m)->name = (char *)(uintptr_t)e->name.p;
    (*m)->type = (Wire__DataType)e->dtype;
    (*m)->shape = shape;
    NEED(shape->dim = arena_array(a, Wire__TensorShapeProto__Dim *, e->shape.rank));
    for (; shape->n_dim < (size_t)e->shape.rank; shape->n_dim++) {
        Wire__TensorShapeProto__Dim *d = arena_new(a, Wire__TensorShapeProto__Dim);
        NEED(shape->dim[shape->n_dim] = d);
        wire__tensor_shape_proto__dim__init(d);
        d->size = e->shape.dim[shape->n_dim];
    }
    NEED((*m)->slice = arena_array(a, Wire__TensorSliceProto *, e->n_slices));
    for (; (*m)->n_slice < (size_t)e->n_slices; (*m)->n_slice++)
        TRY(slice_to_proto(a, &e->slice[(*m)->n_slice], &(*m)->slice[(*m)->n_slice]));
    return NULL;
}

static struct status *put_list(struct slices_out *o, struct table_out *t)
{
    Wire__SavedTensorSlices all = WIRE__SAVED_TENSOR_SLICES__INIT;
    Wire__SavedTensorSliceMeta list = WIRE__SAVED_TENSOR_SLICE_META__INIT;
    Wire__VersionDef version = WIRE__VERSION_DEF__INIT;
    void *bytes;
    size_t n;
    version.producer = VERSION;
    list.versions = &version;
    all.meta = &list;
    NEED(list.tensor = arena_array(&o->arena, Wire__SavedSliceMeta *, o->n));
    for (; list.n_tensor < o->n; list.n_tensor++)
        TRY(list_entry(&o->arena, &o->entry[list.n_tensor], &list.tensor[list.n_tensor]));
    TRY(wire_encode(&all.base, &bytes, &n));
    struct status *st = table_add(t, piece_of(""), (struct piece){ bytes, n });
    mem_free(bytes);
    return st;
}

static struct piece key_of(const struct slice_out *s)
{
    return (struct piece){ str_text(&s->key), s->key.n };
}

static int by_key(const void *a, const void *b) { return piece_compare(key_of(a), key_of(b)); }

static struct status *put_all(struct slices_out *o, struct table_out *t)
{
    TRY(put_list(o, t));
    if (o->n_slices)
        qsort(o->slice, (size_t)o->n_slices, sizeof *o->slice, by_key);
    for (int i = 0; i < o->n_slices; i++) {
        ENSURE(!i || by_key(&o->slice[i - 1], &o->slice[i]), "Overlapping slices: a tensor is to "
               "be saved twice");
        TRY(table_add(t, key_of(&o->slice[i]),
                      (struct piece){ o->slice[i].bytes, o->slice[i].n }));
    }
    return table_end(t);
}

struct status *slices_finish(struct slices_out *o, const char *path)
{
    struct file_out f;
    struct table_out t;
    TRY(file_create(&f, path));
    table_begin(&t, &f);
    struct status *st = put_all(o, &t);
    if (!st)
        st = file_finish(&f);
    table_out_release(&t);
    file_abandon(&f);
    return st;
}
