/* json.h - JSON as tests need it: parsed whole into an arena. */
#ifndef TEST_JSON_H
#define TEST_JSON_H

#include "base/arena.h"

#include <stddef.h>

enum json_kind {
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT
};

struct json {
    enum json_kind kind;
    const char *key;            /* in an object */
    const char *text;           /* of a string (UTF-8) or a number as it stands */
    size_t len;
    double number;
    struct json *first, *next;  /* of a list or an object; its neighbour */
    int n;
};

struct json *json_parse(struct arena *a, const char *text);      /* NULL: malformed */
const struct json *json_get(const struct json *j, const char *key);  /* NULL: not there */

#endif
