/* show.h - what `weft show` shows, and other verbs too. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdio.h>
#include <weft.h>

/* How often each op type occurs, the most frequent first; `node` is one of it. To be free()d. */
struct op_count { const char *op; const struct weft_node *node; int count; };
struct op_count *count_ops(struct weft_graph *g, int *n);

/* "1.5 MB". `room` for at least 30 bytes. */
const char *bytes_text(double bytes, char *room);

/* A table of what is in a file that holds no graph. */
WEFT_MUST_CHECK struct weft_status *show_checkpoint(const char *prefix, FILE *to);
WEFT_MUST_CHECK struct weft_status *show_events(const char *path, FILE *to);
WEFT_MUST_CHECK struct weft_status *show_records(const char *path, FILE *to);

#endif
