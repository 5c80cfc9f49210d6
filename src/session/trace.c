#include "session/trace.h"
#include "base/clock.h"
#include "base/mem.h"
#include "wire/config.pb-c.h"
#include "wire/wire.h"

enum { FIRST_ROOM = 64 };

void trace_free(struct trace *t)
{
    if (t) {
        mem_free(t->step);
        mem_free(t->out);
    }
    mem_free(t);
}

/* Room for one more. */
static bool has_room(void *array, int n, int *cap, size_t size)
{
    void *old, *grown;
    int more = *cap ? 2 * *cap : FIRST_ROOM;
    if (n < *cap)
        return true;
    memcpy(&old, array, sizeof old);
    if (!(grown = mem_grow(old, size * (size_t)more)))
        return false;
    memcpy(array, &grown, sizeof grown);
    *cap = more;
    return true;
}

/* References and outputs that are dead say nothing of a value. */
static void add_out(struct trace *t, struct trace_step *step, const struct tensor *out, int i)
{
    if (!out->buf || dtype_is_ref(out->dtype) ||
        !has_room(&t->out, t->n_out, &t->cap_out, sizeof *t->out))
        return;
    t->out[t->n_out++] = (struct trace_out){ i, out->dtype, out->shape };
    step->n_out++;
}

void trace_add(struct trace *t, const struct step *s, const struct tensor *out,
               const struct step_time *time)
{
    if (!has_room(&t->step, t->n, &t->cap, sizeof *t->step))
        return;
    struct trace_step *step = &t->step[t->n++];
    *step = (struct trace_step){ s->node, *time, t->n_out, 0 };
    for (int i = 0; i < s->n_out; i++)
        add_out(t, step, &out[i], i);
}

/* ---- Chrome's ---- */

static void put_text(struct str *to, const char *s)
{
    str_puts(to, "\"");
    for (; *s; s++)
        if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ')
            str_printf(to, "\\u%04x", (unsigned char)*s);
        else
            str_add(to, s, 1);
    str_puts(to, "\"");
}

/* Times are microseconds there, from the first start. */
static void put_step(struct str *to, const struct trace_step *s, int64_t zero_ns)
{
    str_puts(to, "{\"ph\":\"X\",\"pid\":0,\"name\":");
    put_text(to, s->node->op->name);
    str_printf(to, ",\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"name\":", s->time.thread,
               (double)(s->time.start_ns - zero_ns) / 1e3,
               (double)(s->time.end_ns - s->time.start_ns) / 1e3);
    put_text(to, s->node->name);
    str_puts(to, "}}");
}

void trace_to_json(const struct trace *t, struct str *to)
{
    int64_t zero_ns = INT64_MAX;
    for (int i = 0; i < t->n; i++)
        if (t->step[i].time.start_ns < zero_ns)
            zero_ns = t->step[i].time.start_ns;
    str_puts(to, "{\"traceEvents\":[");
    for (int i = 0; i < t->n; i++) {
        str_puts(to, i ? ",\n" : "\n");
        put_step(to, &t->step[i], zero_ns);
    }
    str_puts(to, "\n]}\n");
}

/* ---- TensorFlow's ---- */

/* "y = Add(a, b:1)": what TensorFlow's timeline takes apart again. */
static char *label_of(struct arena *a, const struct node *n)
{
    struct str s = { 0 };
    str_printf(&s, "%s = %s(", n->name, n->op->name);
    for (int i = 0; i < n->n_in; i++) {
        str_printf(&s, "%s%s", i ? ", " : "", n->in[i].node->name);
        if (n->in[i].index)
            str_printf(&s, ":%d", n->in[i].index);
    }
    for (int i = 0; i < n->n_control; i++)
        str_printf(&s, "%s^%s", n->n_in + i ? ", " : "", n->control[i]->name);
    str_puts(&s, ")");
    char *label = s.failed ? NULL : arena_strdup(a, s.text);
    str_free(&s);
    return label;
}

struct out_message {
    Wire__NodeOutput output;
    Wire__TensorDescription tensor;
    Wire__AllocationDescription memory;
    Wire__TensorShapeProto shape;
    Wire__TensorShapeProto__Dim dim[MAX_RANK], *dims[MAX_RANK];
};

static void describe_shape(struct out_message *m, const struct shape *s)
{
    wire__tensor_shape_proto__init(&m->shape);
    m->shape.dim = m->dims;
    m->shape.n_dim = (size_t)s->rank;
    for (int i = 0; i < s->rank; i++) {
        wire__tensor_shape_proto__dim__init(&m->dim[i]);
        m->dim[i].size = s->dim[i];
        m->dims[i] = &m->dim[i];
    }
}

static void describe_out(struct out_message *m, const struct trace_out *o)
{
    wire__node_output__init(&m->output);
    wire__tensor_description__init(&m->tensor);
    wire__allocation_description__init(&m->memory);
    describe_shape(m, &o->shape);
    m->memory.requested_bytes = shape_count(&o->shape) * (int64_t)dtype_size(o->dtype);
    m->memory.allocated_bytes = m->memory.requested_bytes;
    m->memory.allocator_name = (char *)"cpu";
    m->tensor.dtype = (Wire__DataType)o->dtype;
    m->tensor.shape = &m->shape;
    m->tensor.allocation_description = &m->memory;
    m->output.slot = o->index;
    m->output.tensor_description = &m->tensor;
}

static struct status *describe_outs(struct arena *a, const struct trace_out *o, int n,
                                    Wire__NodeExecStats *m)
{
    struct out_message *made = arena_array(a, struct out_message, n);
    NEED(made && (m->output = arena_array(a, Wire__NodeOutput *, n)));
    for (int i = 0; i < n; i++) {
        describe_out(&made[i], &o[i]);
        m->output[m->n_output++] = &made[i].output;
    }
    return NULL;
}

/* Relative times are rounded down, as TensorFlow's. */
static void set_times(Wire__NodeExecStats *m, const struct step_time *t, int64_t since_epoch_ns)
{
    int64_t took = t->end_ns - t->start_ns;
    m->all_start_nanos = m->scheduled_nanos = t->start_ns + since_epoch_ns;
    m->all_start_micros = m->scheduled_micros = m->all_start_nanos / 1000;
    m->op_end_rel_nanos = m->all_end_rel_nanos = took;
    m->op_end_rel_micros = m->all_end_rel_micros = took / 1000;
    m->thread_id = (uint32_t)t->thread;
}

static struct status *describe_steps(struct arena *a, const struct trace *t,
                                     Wire__DeviceStepStats *to)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t since_epoch = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - clock_ns();
    Wire__NodeExecStats *made = arena_array(a, Wire__NodeExecStats, t->n);
    NEED(made && (to->node_stats = arena_array(a, Wire__NodeExecStats *, t->n)));
    for (int i = 0; i < t->n; i++) {
        const struct trace_step *s = &t->step[i];
        wire__node_exec_stats__init(&made[i]);
        made[i].node_name = (char *)s->node->name;
        NEED(made[i].timeline_label = label_of(a, s->node));
        set_times(&made[i], &s->time, since_epoch);
        if (s->n_out)
            TRY(describe_outs(a, &t->out[s->first_out], s->n_out, &made[i]));
        to->node_stats[to->n_node_stats++] = &made[i];
    }
    return NULL;
}

static struct status *describe(struct arena *a, const struct trace *t, void **bytes, size_t *n)
{
    Wire__RunMetadata m = WIRE__RUN_METADATA__INIT;
    Wire__StepStats stats = WIRE__STEP_STATS__INIT;
    Wire__DeviceStepStats device = WIRE__DEVICE_STEP_STATS__INIT, *devices[] = { &device };
    device.device = (char *)"/job:localhost/replica:0/task:0/device:CPU:0";
    stats.dev_stats = devices;
    stats.n_dev_stats = 1;
    m.step_stats = &stats;
    TRY(describe_steps(a, t, &device));
    return wire_encode(&m.base, bytes, n);
}

struct status *trace_to_metadata(const struct trace *t, void **bytes, size_t *n)
{
    struct arena a = { 0 };
    struct status *st = describe(&a, t, bytes, n);
    arena_free(&a);
    return st;
}
