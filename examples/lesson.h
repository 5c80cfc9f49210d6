/* lesson.h - what the lessons share: reading a scalar out of a session. */
#ifndef LESSON_H
#define LESSON_H

#include <stdio.h>
#include <string.h>
#include <weft.h>
#include <weft_ops.h>

static inline double eval(struct weft_session *s, struct weft_out y)
{
    struct weft_tensor *t;
    weft_check(weft_session_eval(s, y, &t));
    double v = weft_tensor_number(t, 0);
    weft_tensor_free(t);
    return v;
}

static inline struct weft_session *session_on(struct weft_graph *g)
{
    struct weft_session *s;
    weft_check(weft_session_new(g, NULL, &s));
    return s;
}

/* The first line of what an error says; the error is freed. */
static inline void print_error(struct weft_status *st)
{
    printf("  error: %.*s\n", (int)strcspn(weft_status_message(st), "\n"), weft_status_message(st));
    weft_status_free(st);
}

static inline const char *yes_no(int yes) { return yes ? "yes" : "no"; }

#endif
