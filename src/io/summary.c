#include "io/summary.h"
#include "base/mem.h"
#include "io/png.h"
#include "wire/wire.h"

#include <string.h>

enum { FIRST_ROOM = 8, BITS = 8, ZLIB_LEVEL = -1 };

struct status *summary_add(struct summary *s, Wire__Summary__Value *v)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : FIRST_ROOM;
        Wire__Summary__Value **value = mem_grow(s->value, cap * sizeof *value);
        NEED(value);
        s->value = value;
        s->cap = cap;
    }
    s->value[s->n++] = v;
    return NULL;
}

static struct status *value_new(struct summary *s, const char *tag, Wire__Summary__Value **v)
{
    NEED(*v = arena_new(&s->arena, Wire__Summary__Value));
    wire__summary__value__init(*v);
    if (tag)
        NEED((*v)->tag = arena_strdup(&s->arena, tag));
    return summary_add(s, *v);
}

struct status *summary_scalar(struct summary *s, const char *tag, float number)
{
    Wire__Summary__Value *v;
    TRY(value_new(s, tag, &v));
    v->value_case = WIRE__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
    v->simple_value = number;
    return NULL;
}

struct status *summary_histogram(struct summary *s, const char *tag, const struct histogram *h)
{
    Wire__Summary__Value *v;
    TRY(value_new(s, tag, &v));
    v->value_case = WIRE__SUMMARY__VALUE__VALUE_HISTO;
    return histogram_to_proto(h, &s->arena, &v->histo);
}

static struct status *keep(struct summary *s, const void *made, size_t n, ProtobufCBinaryData *to)
{
    NEED(to->data = arena_copy(&s->arena, made, n));
    to->len = n;
    return NULL;
}

struct status *summary_image(struct summary *s, const char *tag, const struct picture *p)
{
    Wire__Summary__Value *v;
    struct str png = { 0 };
    TRY(value_new(s, tag, &v));
    NEED(v->image = arena_new(&s->arena, Wire__Summary__Image));
    wire__summary__image__init(v->image);
    v->value_case = WIRE__SUMMARY__VALUE__VALUE_IMAGE;
    v->image->height = (int)p->height;
    v->image->width = (int)p->width;
    v->image->colorspace = p->channels;
    struct status *st = png_encode(p->pixels, p->height, p->width, p->channels, BITS, ZLIB_LEVEL,
                                   &png);
    if (!st)
        st = keep(s, png.text, png.n, &v->image->encoded_image_string);
    str_free(&png);
    return st;
}

struct status *summary_audio(struct summary *s, const char *tag, const struct sound *sound,
                             float rate)
{
    Wire__Summary__Value *v;
    void *wav;
    size_t n;
    TRY(value_new(s, tag, &v));
    NEED(v->audio = arena_new(&s->arena, Wire__Summary__Audio));
    wire__summary__audio__init(v->audio);
    v->value_case = WIRE__SUMMARY__VALUE__VALUE_AUDIO;
    v->audio->sample_rate = rate;
    v->audio->num_channels = sound->channels;
    v->audio->length_frames = sound->frames;
    v->audio->content_type = (char *)"audio/wav";
    TRY(wav_encode(sound, &wav, &n));
    struct status *st = keep(s, wav, n, &v->audio->encoded_audio_string);
    mem_free(wav);
    return st;
}

struct status *summary_tensor(struct summary *s, const char *node, const char *tag,
                              Wire__TensorProto *t, Wire__SummaryMetadata *m)
{
    Wire__Summary__Value *v;
    TRY(value_new(s, tag, &v));
    if (node)
        v->node_name = (char *)node;
    v->value_case = WIRE__SUMMARY__VALUE__VALUE_TENSOR;
    v->tensor = t;
    v->metadata = m;
    return NULL;
}

/* A scalar string, and the plugin of TensorBoard that shows it. */
struct text_value {
    Wire__TensorProto tensor;
    Wire__TensorShapeProto shape;
    Wire__SummaryMetadata metadata;
    Wire__SummaryMetadata__PluginData plugin;
    ProtobufCBinaryData text;
};

struct status *summary_text(struct summary *s, const char *tag, const char *text)
{
    struct text_value *t = arena_new(&s->arena, struct text_value);
    NEED(t);
    wire__tensor_proto__init(&t->tensor);
    wire__tensor_shape_proto__init(&t->shape);
    wire__summary_metadata__init(&t->metadata);
    wire__summary_metadata__plugin_data__init(&t->plugin);
    t->text = (ProtobufCBinaryData){ strlen(text), (uint8_t *)text };
    t->tensor.dtype = WIRE__DATA_TYPE__DT_STRING;
    t->tensor.tensor_shape = &t->shape;
    t->tensor.string_val = &t->text;
    t->tensor.n_string_val = 1;
    t->plugin.plugin_name = (char *)"text";
    t->metadata.plugin_data = &t->plugin;
    return summary_tensor(s, NULL, tag, &t->tensor, &t->metadata);
}

struct status *summary_encode(const struct summary *s, void **bytes, size_t *n)
{
    Wire__Summary m = WIRE__SUMMARY__INIT;
    m.value = s->value;
    m.n_value = s->n;
    return wire_encode(&m.base, bytes, n);
}

void summary_release(struct summary *s)
{
    mem_free(s->value);
    arena_free(&s->arena);
    *s = (struct summary){ 0 };
}
