/* cases.h - the text cases of src/ops/X.cases, parsed.
 *
 * One case a line; `#` begins a comment line; a line that ends in `\` goes on.
 *
 *     OP [attr=value]... INPUT... = OUTPUT [| OUTPUT]... [-> VALUE [| VALUE]...]
 *         these inputs give these outputs. `_`: an output that is not compared. After `->`: what
 *         the ref: and var: inputs hold afterwards, in order; `none` is uninitialized. A table
 *         holds keys, and values.
 *     OP [attr=value]... INPUT... ! [CODE: ]TEXT
 *         must fail, while the graph is built or run, with a message that contains TEXT (CODE
 *         is INVALID_ARGUMENT unless said; `!` alone takes any message). Fed through placeholders
 *         of unknown shape it must fail with the same code, whatever the words.
 *     OP ... !! TEXT
 *         as `!`, but only the graph's construction refuses it, not the kernel alone.
 *     OP [attr=value]... shape IN... = SHAPE [| SHAPE]...       (or ! TEXT)
 *         what is inferred: IN is [2,?,3], ? (unknown rank), float[2,?] where the type matters,
 *         ref:... or var:... of these, or a value (a constant).
 *     OP [attr=value]... grad INPUT... [! TEXT]
 *         gradients of every floating or complex input against finite differences, in double where
 *         the op allows it; `grad2` does so for the gradients' own gradients, too. After
 *         `= none | _` the output that `_` stands for is left out (TensorFlow takes it as given),
 *         and so is an input after `?` (TensorFlow gives it no gradient).
 *
 * INPUT, VALUE: as in test/value.h. Before an input, `ref:` is a ref variable that holds it,
 * `var:` a resource variable's handle (both without {values}: uninitialized), `?` feeds it through
 * a placeholder of unknown shape in every run, so that the kernel itself must refuse it.
 * `table:KEYS>VALUES` is a HashTable that was filled with these, or not initialized where there are
 * none, `mutable:KEYS>VALUES` a MutableHashTable. `dataset:VALUE`, an input or an output of dtype
 * variant, is a dataset whose elements, of one component, are the rows of VALUE.
 * Attributes that inputs bind (T, N) need not be said. `f=@name` is a function.
 * `@float,double,int32 Add $[2]{1 2} $[2]{3 4} = $[2]{4 6}` stands for one line a type.
 * `~1e-4 OP ...` sets the relative and a tenth of it as the absolute tolerance of that line.
 */
#ifndef TEST_CASES_H
#define TEST_CASES_H

#include "base/arena.h"
#include "test/value.h"

enum case_kind { CASE_VALUE, CASE_ERROR, CASE_SHAPE, CASE_SHAPE_ERROR, CASE_GRAD, CASE_GRAD_ERROR };

enum { CASE_MOST = 64 };        /* inputs, attributes, outputs of one case */

struct case_value {
    enum { IN_PLAIN, IN_REF, IN_VAR, IN_TABLE, IN_MUTABLE, IN_DATASET } holder;
    bool fed, ignored, has_dtype;
    enum dtype dtype;
    struct shape shape;
    struct tensor value;        /* empty: none was given */
    struct tensor beside;       /* of a table, whose keys `value` are: its values */
};

struct op_case {
    const char *file, *text;
    int line, n_attr, n_in, n_out, n_after, order;      /* order: 2 for grad2 */
    enum case_kind kind;
    const char *op, *message;
    enum code code;
    bool build_only;
    struct tolerance tolerance;                         /* 0: by dtype */
    struct attr attr[CASE_MOST];
    struct case_value in[CASE_MOST], out[CASE_MOST], after[CASE_MOST];
    struct arena arena;
};

bool is_shape_case(const struct op_case *c);

/* Calls on_case for each case from line `from` on. A line that cannot be parsed goes to on_case
 * with the reason. Returns false if the file cannot be read. */
bool cases_read(const char *path, int from,
                void (*on_case)(void *ctx, const struct op_case *c, const char *broken), void *ctx);

/* One case of text without @types; whatever came, c is the caller's to release. */
MUST_CHECK struct status *case_parse(struct op_case *c, const char *text);
void case_release(struct op_case *c);

/* The op, its attributes and inputs as a line would say them (test/case_print.c). */
struct str;
void case_print(const struct op_case *c, struct str *to);

/* The same as cases_read() for one line of text that stands nowhere. */
void case_read(const char *path, int line, const char *text,
               void (*on_case)(void *ctx, const struct op_case *c, const char *broken), void *ctx);

#endif
