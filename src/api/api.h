/* api.h - from the opaque types of weft.h to the house's own, and back.
 *
 * Graphs, nodes, ops, sessions, partial runs, statuses, optimizers and servers are the same objects
 * under another name; `struct weft_out` and `struct weft_variable` have the layout of `struct out`
 * and `struct variable_nodes`. A tensor handle is one of ours: a counted box around a value.
 */
#ifndef API_API_H
#define API_API_H

#include "build/optimizer.h"
#include "session/session.h"
#include <weft.h>

struct weft_tensor {
    struct tensor t;
    atomic_int refs;
    struct buffer *home;        /* the handle's own memory, recycled like any buffer */
};

_Static_assert(sizeof(struct weft_out) == sizeof(struct out), "weft_out is struct out");
_Static_assert(sizeof(struct weft_variable) == sizeof(struct variable_nodes),
               "weft_variable is struct variable_nodes");
_Static_assert(sizeof(struct weft_slices) == sizeof(struct gradient),
               "weft_slices is struct gradient");

#define SAME_OBJECT(ours, theirs, name)                                                         \
    static inline struct ours *name##_in(const struct theirs *x) { return (struct ours *)x; }   \
    static inline struct theirs *name##_out(const struct ours *x) { return (struct theirs *)x; }
SAME_OBJECT(status, weft_status, status)
SAME_OBJECT(graph, weft_graph, graph)
SAME_OBJECT(node, weft_node, node)
SAME_OBJECT(op, weft_op_def, op)
SAME_OBJECT(optimizer, weft_optimizer, optimizer)
SAME_OBJECT(session, weft_session, session)
SAME_OBJECT(session_partial, weft_partial, partial)
SAME_OBJECT(server, weft_server, server)
SAME_OBJECT(checkpoint, weft_checkpoint, checkpoint)
SAME_OBJECT(record_writer, weft_record_writer, record_writer)
SAME_OBJECT(record_reader, weft_record_reader, record_reader)
SAME_OBJECT(event_writer, weft_event_writer, event_writer)
SAME_OBJECT(saver, weft_saver, saver)
SAME_OBJECT(meta, weft_meta_graph, meta)
SAME_OBJECT(saved_model, weft_saved_model, model)
SAME_OBJECT(signature, weft_signature, signature)

static inline struct out out_in(struct weft_out o)
{ return (struct out){ node_in(o.node), o.index }; }
static inline struct weft_out out_out(struct out o)
{ return (struct weft_out){ node_out(o.node), o.index }; }
static inline const struct out *outs_in(const struct weft_out *o) { return (const struct out *)o; }
static inline struct node *const *nodes_in(struct weft_node *const *n)
{ return (struct node *const *)n; }

static inline struct variable_nodes variable_in(struct weft_variable v)
{ return (struct variable_nodes){ out_in(v.ref), out_in(v.value), node_in(v.initializer) }; }
static inline struct weft_variable variable_out(struct variable_nodes v)
{ return (struct weft_variable){ out_out(v.ref), out_out(v.value), node_out(v.initializer) }; }

/* Of too many dimensions it is the first ones. */
static inline struct shape known_shape(const struct weft_shape *s)
{
    struct shape to = { s->rank < MAX_RANK ? s->rank : MAX_RANK, { 0 } };
    for (int i = 0; i < to.rank; i++)
        to.dim[i] = s->dims[i];
    return to;
}

/* A handle around `t`, whose reference it takes over, its own memory from `pool` (or NULL).
 * NULL: no memory, and the reference is given back. */
struct weft_tensor *tensor_box(struct buffer_pool *pool, struct tensor t);

/* What was set; NULL for NULL. */
const struct session_options *session_options_of(const struct weft_session_options *o);

/* The ops are registered before anything else happens. */
MUST_CHECK struct status *api_ready(void);

#endif
