/* stage.h - staging areas: tuples of tensors on their way from one step to another.
 *
 * A list, first in, first out, or a map by int64 keys, whose tuples may come and go in parts. Who
 * waits looks again whenever something has changed.
 */
#ifndef OPS_STAGE_H
#define OPS_STAGE_H

#include "op/wait.h"
#include "ops/array.h"

/* A tuple; in a map some of its parts may be missing. */
struct staged { int64_t key; int n, n_there; struct tensor *part; };

struct stage {
    struct resource base;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct staged **item;       /* in the order of their coming, an ordered map's by their keys */
    int64_t n, room;
    int64_t n_incomplete;       /* of those: not all of their parts have come yet */
    int64_t capacity, limit, bytes;
};

extern const struct resource_kind STAGE;

/* A whole prepare(): the area that the node's attributes name is the state. */
MUST_CHECK struct status *stage_prepare(struct prep *p);

/* An item comes to place `at`, and is the area's; one leaves, and is the caller's. */
MUST_CHECK struct status *stage_insert(struct stage *s, int64_t at, struct staged *item);
struct staged *stage_remove(struct stage *s, int64_t at);

struct staged *staged_new(int64_t key, int n);          /* NULL: no memory */
void staged_free(struct staged *item);
size_t staged_bytes(const struct staged *item);

/* Under the lock until `ready` says so; CANCELLED, or would wait. */
typedef bool stage_ready_fn(struct stage *s, const struct kernel *k);
MUST_CHECK struct status *stage_wait(struct kernel *k, struct stage *s, stage_ready_fn *ready);

/* Is there room for one more, of so many bytes, in `n` items? */
bool stage_has_room(const struct stage *s, int64_t n, size_t bytes);
/* RESOURCE_EXHAUSTED: it never will fit. */
MUST_CHECK struct status *stage_check_bytes(const struct stage *s, size_t bytes);
size_t stage_input_bytes(const struct kernel *k, int first);

/* Call fn with the lock; afterwards all who wait look again. */
typedef struct status *stage_fn(struct kernel *k, struct stage *s);
MUST_CHECK struct status *stage_locked(struct kernel *k, stage_fn *fn);

MUST_CHECK struct status *stage_clear(struct kernel *k, struct stage *s);
MUST_CHECK struct status *stage_put_size(struct kernel *k, int64_t n);

#endif
