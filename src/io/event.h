/* event.h - event files: records of Event messages, what TensorBoard reads.
 *
 * A writer makes its file when it is made, and never one that is there: the second in its name is
 * the next that is free. Any thread may write, several at a time; reading is for one.
 */
#ifndef IO_EVENT_H
#define IO_EVENT_H

#include "io/record.h"
#include "io/summary.h"

struct event_writer;

/* `dir` is made if need be; `suffix` NULL: "". */
MUST_CHECK struct status *event_writer_new(const char *dir, const char *suffix,
                                           struct event_writer **result);
const char *event_writer_path(const struct event_writer *w);
/* As it is. */
MUST_CHECK struct status *event_write(struct event_writer *w, const void *event, size_t n);
/* The step is the event's own; the time becomes now. */
MUST_CHECK struct status *event_put(struct event_writer *w, Wire__Event *e);
MUST_CHECK struct status *event_put_summary(struct event_writer *w, const struct summary *s,
                                            int64_t step);
MUST_CHECK struct status *event_flush(struct event_writer *w);
MUST_CHECK struct status *event_writer_close(struct event_writer *w);   /* NULL is fine */

struct event_reader;
MUST_CHECK struct status *event_reader_new(const char *path, struct event_reader **result);
/* The message is the reader's until the next call; NULL at the end. */
MUST_CHECK struct status *event_next(struct event_reader *r, Wire__Event **e);
void event_reader_free(struct event_reader *r);                 /* NULL is fine */

#endif
