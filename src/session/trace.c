#include "session/trace.h"
#include "base/mem.h"

void trace_free(struct trace *t)
{
    if (t)
        mem_free(t->step);
    mem_free(t);
}

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
    put_text(to, s->op);
    str_printf(to, ",\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"name\":", s->thread,
               (double)(s->start_ns - zero_ns) / 1e3, (double)(s->end_ns - s->start_ns) / 1e3);
    put_text(to, s->name);
    str_puts(to, "}}");
}

void trace_to_json(const struct trace *t, struct str *to)
{
    int64_t zero_ns = INT64_MAX;
    for (int i = 0; i < t->n; i++)
        if (t->step[i].start_ns < zero_ns)
            zero_ns = t->step[i].start_ns;
    str_puts(to, "{\"traceEvents\":[");
    for (int i = 0; i < t->n; i++) {
        str_puts(to, i ? ",\n" : "\n");
        put_step(to, &t->step[i], zero_ns);
    }
    str_puts(to, "\n]}\n");
}
