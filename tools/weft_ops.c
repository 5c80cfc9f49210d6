/* weft_ops.c - prints weft_ops.h: a builder for each op, made from the op rows.
 *
 * What an op's inputs do not tell and what has no default becomes a parameter; the rest may be said
 * through the form that ends in _with. Const is left out: weft_const() makes it from a tensor.
 */
#include "op/op.h"
#include "ops/ops.h"

#include <ctype.h>
#include <stdio.h>

/* MatMul is mat_mul, Conv2DBackpropInput conv2d_backprop_input, LRNGrad lrn_grad. */
static void print_snake(const char *name)
{
    for (const char *p = name; *p; p++) {
        bool starts = isupper((unsigned char)*p) && p > name && p[-1] != '_' &&
                      (islower((unsigned char)p[-1]) ||
                       (isupper((unsigned char)p[-1]) && islower((unsigned char)p[1])) ||
                       (isdigit((unsigned char)p[-1]) && islower((unsigned char)p[1])));
        printf(starts ? "_%c" : "%c", tolower((unsigned char)*p));
    }
}

static bool is_list(const struct arg *a) { return a->number_attr >= 0 || a->list; }

static bool is_reserved(const char *s, size_t n)
{
    static const char *const words[] = { "default", "switch", "case", "register", "signed",
        "unsigned", "float", "double", "int", "long", "short", "bool", "for", "while", "if", "else",
        "do", "struct", "union", "enum", "goto", "return", "static", "const", "g", "attrs", "in",
        "n_attrs", "template", "class", "new", "delete", "this", "operator", "namespace", NULL };
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == n && !memcmp(words[i], s, n))
            return true;
    return false;
}

static void print_name(const char *s, size_t n)
{
    printf("%.*s%s", (int)n, s, is_reserved(s, n) ? "_" : "");
}

static bool is_required(const struct attr_def *a) { return !a->has_default && !a->inferred; }

static bool can_be_parameter(const struct attr_def *a)
{
    switch ((int)a->kind) {
    case ATTR_BOOL: case ATTR_INT: case ATTR_FLOAT: case ATTR_TYPE: case ATTR_STRING:
    case ATTR_SHAPE: case ATTR_TENSOR: case ATTR_FUNC: case ATTR_LIST + ATTR_INT:
    case ATTR_LIST + ATTR_TYPE: case ATTR_LIST + ATTR_SHAPE:
        return true;
    default:
        return false;
    }
}

/* What a list is, as a parameter and as an attribute. */
static const char *list_type(const struct attr_def *a)
{
    return a->kind == ATTR_LIST + ATTR_INT ? "const int64_t *"
         : a->kind == ATTR_LIST + ATTR_TYPE ? "const enum weft_dtype *"
                                            : "const struct weft_shape *";
}

static const char *list_maker(const struct attr_def *a)
{
    return a->kind == ATTR_LIST + ATTR_INT ? "ints"
         : a->kind == ATTR_LIST + ATTR_TYPE ? "types" : "shapes";
}

static void print_parameter(const struct attr_def *a)
{
    static const char *const types[] = {
        [ATTR_BOOL] = "bool ", [ATTR_INT] = "int64_t ", [ATTR_FLOAT] = "double ",
        [ATTR_TYPE] = "enum weft_dtype ", [ATTR_STRING] = "const char *",
        [ATTR_TENSOR] = "const struct weft_tensor *", [ATTR_FUNC] = "const char *",
    };
    printf(", ");
    if (a->kind == ATTR_SHAPE)
        printf("int %s_rank, const int64_t *", a->name);
    else if (a->kind >= ATTR_LIST)
        printf("%s", list_type(a));
    else
        printf("%s", types[a->kind]);
    print_name(a->name, strlen(a->name));
    if (a->kind >= ATTR_LIST)
        printf(", int n_%s", a->name);
}

static void print_parameters(const struct sig *s)
{
    for (int i = 0; i < s->n_in; i++) {
        bool list = is_list(&s->in[i]);
        printf(list ? ", const struct weft_out *" : ", struct weft_out ");
        print_name(s->in[i].name.s, s->in[i].name.n);
        if (list)
            printf(", int n_%.*s", (int)s->in[i].name.n, s->in[i].name.s);
    }
    for (int i = 0; i < s->n_attr; i++)
        if (is_required(&s->attr[i]))
            print_parameter(&s->attr[i]);
}

static void print_arguments(const struct sig *s)
{
    for (int i = 0; i < s->n_in; i++) {
        printf(", ");
        print_name(s->in[i].name.s, s->in[i].name.n);
        if (is_list(&s->in[i]))
            printf(", n_%.*s", (int)s->in[i].name.n, s->in[i].name.s);
    }
    for (int i = 0; i < s->n_attr; i++) {
        const struct attr_def *a = &s->attr[i];
        if (!is_required(a))
            continue;
        if (a->kind == ATTR_SHAPE)
            printf(", %s_rank", a->name);
        printf(", ");
        print_name(a->name, strlen(a->name));
        if (a->kind >= ATTR_LIST)
            printf(", n_%s", a->name);
    }
}

/* The attribute that a parameter becomes. */
static void print_attr(const struct attr_def *a)
{
    static const char *const makers[] = {
        [ATTR_BOOL] = "bool", [ATTR_INT] = "int", [ATTR_FLOAT] = "float", [ATTR_TYPE] = "type",
        [ATTR_STRING] = "string", [ATTR_TENSOR] = "tensor", [ATTR_FUNC] = "func",
    };
    if (a->kind == ATTR_SHAPE)
        printf("weft_attr_shape(\"%s\", %s_rank, ", a->name, a->name);
    else if (a->kind >= ATTR_LIST)
        printf("weft_attr_%s(\"%s\", ", list_maker(a), a->name);
    else
        printf("weft_attr_%s(\"%s\", ", makers[a->kind], a->name);
    print_name(a->name, strlen(a->name));
    if (a->kind >= ATTR_LIST)
        printf(", n_%s", a->name);
    printf(")");
}

static int count_lists(const struct sig *s)
{
    int lists = 0;
    for (int i = 0; i < s->n_in; i++)
        lists += is_list(&s->in[i]);
    return lists;
}

/* Inputs in one array: as they are, or joined by weft_op_lists() where some are lists. */
static void print_inputs(const struct sig *s)
{
    if (s->n_in == 1 && count_lists(s)) {
        print_name(s->in[0].name.s, s->in[0].name.n);
        printf(", n_%.*s", (int)s->in[0].name.n, s->in[0].name.s);
        return;
    }
    if (!s->n_in) {
        printf("NULL, 0");
        return;
    }
    printf("in, %d", s->n_in);
}

static void print_in_array(const struct sig *s)
{
    bool lists = count_lists(s) != 0;
    if (!s->n_in || (lists && s->n_in == 1))
        return;
    printf("    const struct weft_%s in[] = { ", lists ? "list" : "out");
    for (int i = 0; i < s->n_in; i++) {
        printf(i ? ", " : "");
        if (lists) {
            printf(is_list(&s->in[i]) ? "{ " : "{ &");
            print_name(s->in[i].name.s, s->in[i].name.n);
            if (is_list(&s->in[i]))
                printf(", n_%.*s }", (int)s->in[i].name.n, s->in[i].name.s);
            else
                printf(", 1 }");
        } else {
            print_name(s->in[i].name.s, s->in[i].name.n);
        }
    }
    printf(" };\n");
}

static void print_call(const struct op *op, const struct sig *s)
{
    int required = 0;
    print_in_array(s);
    for (int i = 0; i < s->n_attr; i++)
        required += is_required(&s->attr[i]);
    if (required) {
        printf("    const struct weft_attr own[] = {");
        for (int i = 0, k = 0; i < s->n_attr; i++)
            if (is_required(&s->attr[i])) {
                printf(k++ ? ",\n        " : " ");
                print_attr(&s->attr[i]);
            }
        printf(" };\n");
    }
    printf("    return weft_op_built(g, \"%s\", ", op->name);
    if (count_lists(s) && s->n_in > 1)
        printf("NULL, 0, in, %d", s->n_in);
    else {
        print_inputs(s);
        printf(", NULL, 0");
    }
    printf(required ? ", own, %d, attrs, n_attrs);\n" : ", NULL, %d, attrs, n_attrs);\n", required);
}

/* weft.h has builders of these names. */
static bool can_be_built(const struct op *op, const struct sig *s)
{
    for (int i = 0; i < s->n_attr; i++)
        if (is_required(&s->attr[i]) && !can_be_parameter(&s->attr[i]))
            return false;
    return strcmp(op->name, "Const") && strcmp(op->name, "While");
}

static void print_builder(const struct op *op)
{
    const struct sig *s = op_sig(op);
    if (!can_be_built(op, s))
        return;
    printf("/* %s: %s\n * (%s) -> (%s)\n * %s */\n", op->name, op->doc ? op->doc : "",
           op->inputs ? op->inputs : "", op->outputs ? op->outputs : "",
           op->attrs ? op->attrs : "");
    printf("static inline struct weft_out weft_");
    print_snake(op->name);
    printf("_with(struct weft_graph *g");
    print_parameters(s);
    printf(",\n                const struct weft_attr *attrs, int n_attrs)\n{\n");
    print_call(op, s);
    printf("}\nstatic inline struct weft_out weft_");
    print_snake(op->name);
    printf("(struct weft_graph *g");
    print_parameters(s);
    printf(")\n{\n    return weft_");
    print_snake(op->name);
    printf("_with(g");
    print_arguments(s);
    printf(", NULL, 0);\n}\n\n");
}

int main(void)
{
    struct status *st = ops_init();
    if (st) {
        fprintf(stderr, "%s\n", status_message(st));
        return 1;
    }
    printf("/* weft_ops.h - a builder for each op; made from the op rows, do not edit.\n"
           " *\n"
           " * weft_mat_mul(g, a, b) adds a MatMul and returns its output 0; weft_output(y, i)"
           " names the others.\n"
           " * weft_mat_mul_with(g, a, b, WEFT_ATTRS(weft_name(\"logits\"))) says attributes"
           " besides.\n * Errors stick; `g` may be NULL where there are inputs. See weft_op(). */\n"
           "#ifndef WEFT_OPS_H\n#define WEFT_OPS_H\n\n#include <weft.h>\n\n"
           "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    for (int i = 0; i < ops_count(); i++)
        print_builder(op_at(i));
    printf("#ifdef __cplusplus\n}\n#endif\n#endif\n");
    return 0;
}
