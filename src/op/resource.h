/* resource.h - named things that outlive a run: variables, queues, tables, generators.
 *
 * A session (or a server target) has one `struct resources`; a resource is found in it by
 * (container, kind, name), made when first asked for, and counted: a plan that bound it, or a
 * handle tensor that names it, keeps its memory. Removing one from its container (reset,
 * DestroyResourceOp) calls kind->clear, so that what is still bound sees it empty. Any thread,
 * so init, clear and release must lock what they touch; none runs under the table's lock but init.
 */
#ifndef OP_RESOURCE_H
#define OP_RESOURCE_H

#include "tensor/tensor.h"

struct resource_kind {
    const char *name;                           /* "variable" */
    size_t size;                                /* of the struct that begins with `base` */
    bool (*init)(struct resource *r);           /* false: no memory; NULL: zeroed is fine */
    void (*clear)(struct resource *r);          /* give back what it holds; it stays usable */
    void (*release)(struct resource *r);        /* before its memory goes; NULL: clear does it */
};

struct resource {
    const struct resource_kind *kind;
    atomic_int refs;
    char *container, *name;
};

struct resources;

struct resources *resources_new(void);                          /* NULL: no memory */
/* A session's on a server: what kernels own (generators) is its own, all else the server's. */
struct resources *resources_over(struct resources *shared);     /* NULL: no memory */
struct resources *resources_ref(struct resources *m);
void resources_unref(struct resources *m);                      /* the last: everything goes */

/* The resource, made if absent; *r holds a new reference. */
MUST_CHECK struct status *resources_get(struct resources *m, const struct resource_kind *kind,
                                        const char *container, const char *name,
                                        struct resource **r);
/* NULL if absent, else a new reference. */
struct resource *resources_find(struct resources *m, const struct resource_kind *kind,
                                const char *container, const char *name);
/* Empty it (the caller holds a reference). It can still be found while others hold it, so that
 * plans which bound it before and plans compiled later mean the same one. */
void resources_remove(struct resources *m, struct resource *r);
/* Empty all that the container holds and forget them; NULL: every container. What is still bound
 * is then a resource of nobody's: the sessions that bound it are closed. */
void resources_reset(struct resources *m, const char *container);

struct resource *resource_new(const struct resource_kind *kind);   /* nameless; NULL: no memory */
struct resource *resource_ref(struct resource *r);
void resource_unref(struct resource *r);                                /* NULL is fine */

/* TensorFlow's name for the container where none is given (C4). */
#define DEFAULT_CONTAINER "localhost"

/* No user can name this one: it is where kernels keep what is theirs alone (E14). */
#define OWN_CONTAINER "/kernel"

/* "container contains invalid characters", "shared_name cannot start with '_'" (C4). */
MUST_CHECK struct status *resource_check_names(const char *container, const char *shared_name);

#endif
