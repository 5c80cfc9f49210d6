#include "base/str.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool room(struct str *s, size_t more)
{
    size_t need = s->n + more + 1;
    if (s->failed || need <= s->cap)
        return !s->failed;
    size_t cap = need < 2 * s->cap ? 2 * s->cap : need;
    char *text = mem_grow(s->text, cap);
    if (!text)
        return !(s->failed = true);
    s->text = text;
    s->cap = cap;
    return true;
}

void str_add(struct str *s, const char *text, size_t n)
{
    if (!room(s, n))
        return;
    if (n)
        memcpy(s->text + s->n, text, n);
    s->n += n;
    s->text[s->n] = 0;
}

void str_puts(struct str *s, const char *text)
{
    str_add(s, text, strlen(text));
}

void str_printf(struct str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !room(s, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(s->text + s->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    s->n += (size_t)n;
}

const char *str_text(const struct str *s) { return s->text ? s->text : ""; }

void str_free(struct str *s)
{
    mem_free(s->text);
    *s = (struct str){ 0 };
}
