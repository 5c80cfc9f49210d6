/* ops_doc.c - prints docs/ops.md: what every op is, from its row, a section for each family.
 *
 * The words that open a section are those that open the family's file. Run it in the root.
 */
#include "op/grad.h"
#include "ops/ops.h"
#include "test/kernels.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the index ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct op *const *)a)->name, (*(const struct op *const *)b)->name);
}

/* "#MatMul", as a link to a heading is made. */
static void print_link(const char *name)
{
    printf("[%s](#", name);
    for (; *name; name++)
        putchar(tolower((unsigned char)*name));
    printf(")");
}

static void print_index(void)
{
    const struct op **op = calloc((size_t)ops_count(), sizeof *op);
    for (int i = 0; i < ops_count(); i++)
        op[i] = op_at(i);
    qsort(op, (size_t)ops_count(), sizeof *op, by_name);
    for (int i = 0; i < ops_count(); i++) {
        bool letter = !i || op[i]->name[0] != op[i - 1]->name[0];
        printf(letter ? "\n\n**%c** " : ",\n", op[i]->name[0]);
        print_link(op[i]->name);
    }
    printf("\n");
    free(op);
}

/* ---- a family ---- */

/* What stands after "X.c - " in the comment that opens the file, up to its first stop or colon. */
static void print_subject(const char *family)
{
    char path[128], text[1024];
    snprintf(path, sizeof path, "src/ops/%s.c", family);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    char *p = strstr(text, " - ");
    if (!p)
        return;
    for (p += 3; *p && *p != ':' && strncmp(p, ". ", 2) && strncmp(p, ".\n", 2) &&
                 strncmp(p, "*/", 2); p++)
        if (*p != '\n')
            putchar(*p);
        else if (!strncmp(p, "\n * ", 4))
            p += 2;
}

/* ---- an op ---- */

static void print_dtypes(unsigned dtypes)
{
    const char *between = "";
    for (int t = 1; t < DT_COUNT; t++)
        if (dtypes & DTYPE_BIT(t)) {
            printf("%s%s", between, dtype_name((enum dtype)t));
            between = ", ";
        }
}

static void print_kernels(const struct op *op)
{
    const struct sig *s = op_sig(op);
    for (int i = 0; i < s->n_attr; i++) {
        if (s->attr[i].kind != ATTR_TYPE)
            continue;
        unsigned there = kernel_dtypes(op, i);
        printf("- `%s`: ", s->attr[i].name);
        if (there == ~0u)
            printf("any type");
        else
            print_dtypes(there);
        printf("\n");
    }
}

/* The attributes but those that are a dtype, which have a line of their own. */
static void print_attrs(const struct op *op)
{
    const char *between = "- attributes: ";
    for (const char *p = op->attrs ? op->attrs : ""; *p;) {
        size_t n = strcspn(p, ";"), name = strcspn(p, ":");
        const struct sig *s = op_sig(op);
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)name, p);
        int i = sig_attr(s, key);
        if (i < 0 || s->attr[i].kind != ATTR_TYPE) {
            printf("%s`%.*s`", between, (int)n, p);
            between = ", ";
        }
        p += n + strspn(p + n, "; ");
    }
    printf("%s", *between == ',' ? "\n" : "");
}

static const char *gradient(const struct op *op)
{
    return op->grad == NOT_DIFFERENTIABLE ? "none: it is a constant to gradients"
         : op->grad == NO_GRADIENT ? "none: asking for it is an error" : "yes";
}

static void print_op(const struct op *op)
{
    printf("\n### %s\n\n%s\n\n", op->name, op->doc);
    printf("- `(%s) -> (%s)`\n", op->inputs ? op->inputs : "", op->outputs ? op->outputs : "");
    print_attrs(op);
    print_kernels(op);
    printf("- gradient: %s\n", gradient(op));
    if (op->note)
        printf("- beside TensorFlow: %s\n", op->note);
}

static void print_family(const char *name, const struct op *rows)
{
    printf("\n## %s\n\n`src/ops/%s.c` - ", name, name);
    print_subject(name);
    printf(".\n");
    for (; rows->name; rows++)
        print_op(rows);
}

int main(void)
{
    const struct op *rows;
    struct status *st = ops_init();
    if (st) {
        fprintf(stderr, "%s\n", status_message(st));
        return 1;
    }
    printf("# The ops\n\n"
           "What Weft computes, an op a section, grouped as the sources are (`src/ops/`). Made\n"
           "from the op rows by `make docs`; do not edit.\n\n"
           "A section has the signature, the attributes, for each attribute that is a type the\n"
           "types that there is a kernel for, whether there is a gradient, and where it departs\n"
           "from TensorFlow 1.15. `N * T` is a list of inputs of one type, `list(T)` of several\n"
           "types, `Ref(T)` a variable.\n\n## Index");
    print_index();
    for (int i = 0; ops_family(i, &rows); i++)
        print_family(ops_family(i, &rows), rows);
    return 0;
}
