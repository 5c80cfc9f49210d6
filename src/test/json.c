#include "test/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader { struct arena *arena; const char *p; int depth; };

static struct json *value(struct reader *r);

static void space(struct reader *r) { r->p += strspn(r->p, " \t\r\n"); }

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* The text of a string, its closing quote past; NULL: malformed. */
static const char *string(struct reader *r, size_t *len)
{
    const char *end = r->p + 1;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *text = arena_alloc(r->arena, (size_t)(end - r->p) + 1), *to = text;
    if (*r->p != '"' || !*end || !text)
        return NULL;
    for (const char *p = r->p + 1; p < end; p++) {
        static const char from[] = "nrtbf", as[] = "\n\r\t\b\f";
        unsigned c;
        if (*p != '\\') {
            *to++ = *p;
            continue;
        }
        const char *simple = strchr(from, *++p);
        if (*p == 'u' && sscanf(p + 1, "%4x", &c) == 1) {
            to = put_utf8(to, c);
            p += 4;
        } else {
            *to++ = simple ? as[simple - from] : *p;
        }
    }
    *len = (size_t)(to - text);
    r->p = end + 1;
    return text;
}

static struct json *number(struct reader *r, struct json *j)
{
    char *end;
    j->kind = JSON_NUMBER;
    j->number = strtod(r->p, &end);
    j->len = (size_t)(end - r->p);
    j->text = arena_strndup(r->arena, r->p, j->len);
    r->p = end;
    return j->len && j->text ? j : NULL;
}

static struct json *list(struct reader *r, struct json *j, char close)
{
    struct json **to = &j->first;
    j->kind = close == '}' ? JSON_OBJECT : JSON_LIST;
    r->p++;
    for (space(r); *r->p != close; space(r)) {
        const char *key = NULL;
        size_t n;
        if (close == '}') {
            key = string(r, &n);
            space(r);
            if (!key || *r->p++ != ':')
                return NULL;
        }
        *to = value(r);
        if (!*to)
            return NULL;
        (*to)->key = key;
        to = &(*to)->next;
        j->n++;
        space(r);
        if (*r->p == ',')
            r->p++;
        else if (*r->p != close)
            return NULL;
    }
    r->p++;
    return j;
}

static struct json *word(struct reader *r, struct json *j)
{
    static const struct { const char *text; enum json_kind kind; } words[] = {
        { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i].text);
        if (strncmp(r->p, words[i].text, n))
            continue;
        r->p += n;
        j->kind = words[i].kind;
        return j;
    }
    return number(r, j);
}

static struct json *value(struct reader *r)
{
    struct json *j = arena_new(r->arena, struct json);
    space(r);
    if (!j || r->depth > 64)
        return NULL;
    if (*r->p == '"') {
        j->kind = JSON_STRING;
        j->text = string(r, &j->len);
        return j->text ? j : NULL;
    }
    if (*r->p != '[' && *r->p != '{')
        return word(r, j);
    r->depth++;
    struct json *whole = list(r, j, *r->p == '[' ? ']' : '}');
    r->depth--;
    return whole;
}

struct json *json_parse(struct arena *a, const char *text)
{
    struct reader r = { a, text, 0 };
    struct json *j = value(&r);
    space(&r);
    return j && !*r.p ? j : NULL;
}

const struct json *json_get(const struct json *j, const char *key)
{
    for (const struct json *i = j ? j->first : NULL; i; i = i->next)
        if (i->key && !strcmp(i->key, key))
            return i;
    return NULL;
}
