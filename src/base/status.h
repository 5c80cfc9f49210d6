/* status.h - how anything fails.
 *
 * A function that can fail returns `struct status *`: NULL is success, and
 * anything else is an error the caller now owns and must pass up or free.
 * When memory for the error itself is gone, one shared status stands in.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

/* TensorFlow's canonical codes (B63); the numbers never change. */
enum code {
    OK = 0,
    CANCELLED = 1,
    UNKNOWN = 2,
    INVALID_ARGUMENT = 3,
    DEADLINE_EXCEEDED = 4,
    NOT_FOUND = 5,
    ALREADY_EXISTS = 6,
    PERMISSION_DENIED = 7,
    RESOURCE_EXHAUSTED = 8,
    FAILED_PRECONDITION = 9,
    ABORTED = 10,
    OUT_OF_RANGE = 11,
    UNIMPLEMENTED = 12,
    INTERNAL = 13,
    UNAVAILABLE = 14,
    DATA_LOSS = 15,
    UNAUTHENTICATED = 16
};

struct status;

#define MUST_CHECK __attribute__((warn_unused_result))

MUST_CHECK __attribute__((format(printf, 2, 3), returns_nonnull))
struct status *status_new(enum code code, const char *fmt, ...);

/* RESOURCE_EXHAUSTED without allocating. */
MUST_CHECK __attribute__((returns_nonnull)) struct status *status_no_memory(void);

/* No failure, but what a kernel that cannot finish yet tells the executor: see op/wait.h. Nothing
 * is added to it, and it need not be freed. */
MUST_CHECK __attribute__((returns_nonnull)) struct status *status_would_wait(void);

/* Returns `st` with the failing node appended, as TensorFlow does
 * ("\n\t [[{{node NAME}}]]"), once; NULL stays NULL. Takes `st` over. */
MUST_CHECK struct status *status_at_node(struct status *st, const char *node);
/* The same of a failure in a function that `node` calls: that is the failing node now, and the one
 * within stays in the text. */
MUST_CHECK struct status *status_at_call(struct status *st, const char *node);

/* Takes `st` over and returns it with printf text put in front; NULL stays NULL. */
MUST_CHECK __attribute__((format(printf, 2, 3)))
struct status *status_prefix(struct status *st, const char *fmt, ...);

MUST_CHECK struct status *status_copy(const struct status *st);

enum code status_code(const struct status *st);      /* OK for NULL */
const char *status_message(const struct status *st); /* "" for NULL */
const char *status_node(const struct status *st);    /* NULL if no node is known */
const char *code_name(enum code code);               /* "INVALID_ARGUMENT" */
void status_free(struct status *st);                 /* NULL is fine */

/* Pass a failure straight up. Safe anywhere, because what a function
 * allocates belongs to an arena or a context, never to the function. */
#define TRY(call) \
    do { struct status *st_ = (call); if (st_) return st_; } while (0)

/* Reject bad input: ENSURE(n == 2, "expected 2 inputs, got %d", n); */
#define ENSURE(cond, ...) \
    do { if (!(cond)) return status_new(INVALID_ARGUMENT, __VA_ARGS__); } while (0)

/* Memory was asked for; here it is, or the function ends. NEED(p = arena_new(a, struct x)); */
#define NEED(pointer) \
    do { if (!(pointer)) return status_no_memory(); } while (0)

#endif
