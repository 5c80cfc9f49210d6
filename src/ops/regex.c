/* regex.c - regular expressions: RegexFullMatch, RegexReplace and their static forms, by PCRE2,
 * which is loaded when first needed. TensorFlow's are RE2's: what both understand means the same
 * here; a search that takes too many steps is an error instead of RE2's linear time. */
#include "base/library.h"
#include "base/str.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>

#define NAMES(X)                                                                          \
    X(compile) X(match) X(code_free) X(match_data_create_from_pattern) X(match_data_free) \
    X(get_ovector_pointer) X(get_error_message)

static struct {
#define X(name) __typeof__(&pcre2_##name) name;
    NAMES(X)
#undef X
} re;

static const struct library_symbol symbols[] = {
#define X(name) { "pcre2_" #name "_8", (void **)&re.name },
    NAMES(X)
#undef X
};

static struct library library = LIBRARY("PCRE2", "libpcre2-8.so.0", "libpcre2-8-0", symbols);

static struct status *load(void) { return library_need(&library); }

/* A compiled pattern and where its last match was. */
struct pattern { pcre2_code *code; pcre2_match_data *match; const size_t *at; int groups; };

static struct status *pattern_new(struct pattern *p, struct text text, bool whole)
{
    int error;
    size_t where;
    unsigned options = PCRE2_DOLLAR_ENDONLY | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                       (whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0);
    *p = (struct pattern){ 0 };
    TRY(load());
    p->code = re.compile((PCRE2_SPTR)text.s, text.n, options, &error, &where, NULL);
    if (!p->code) {
        PCRE2_UCHAR why[128] = "";
        re.get_error_message(error, why, sizeof why);
        return status_new(INVALID_ARGUMENT, "Invalid pattern: %.200s, error: %s", text.s,
                          (char *)why);
    }
    NEED(p->match = re.match_data_create_from_pattern(p->code, NULL));
    p->at = re.get_ovector_pointer(p->match);
    return NULL;
}

static void pattern_free(struct pattern *p)
{
    if (p->match)
        re.match_data_free(p->match);
    if (p->code)
        re.code_free(p->code);
}

/* p->groups: how many groups a match from byte `from` on has; 0: there is none. */
static struct status *search(struct pattern *p, const struct tstring *s, size_t from)
{
    int n = re.match(p->code, (PCRE2_SPTR)tstring_data(s), tstring_len(s), from, 0, p->match, NULL);
    p->groups = n > 0 ? n : 0;
    if (n >= 0 || n == PCRE2_ERROR_NOMATCH)
        return NULL;
    return status_new(RESOURCE_EXHAUSTED, "A search by a regular expression takes too many steps");
}

/* ---- the patterns: inputs, or attributes ---- */

struct regex { bool is_static, all; struct text pattern, rewrite; };

static struct text attr_text(const struct node *n, const char *name)
{
    const struct attr *a = node_attr_find(n, name);
    return a ? a->text : (struct text){ "", 0 };
}

static struct status *regex_prepare(struct prep *p)
{
    struct regex *r;
    TRY(prep_state(p, sizeof *r, &r));
    *r = (struct regex){ node_attr_find(p->node, "pattern"), node_attr(p->node, "replace_global"),
                         attr_text(p->node, "pattern"), attr_text(p->node, "rewrite") };
    return NULL;
}

static struct status *text_in(struct kernel *k, int i, const char *what, struct text *t)
{
    const struct tensor *x = kernel_in(k, i);
    ENSURE(x->shape.rank == 0, "%s must be scalar, but received %s", what, SHAPE_STR(&x->shape));
    *t = (struct text){ tstring_data(x->data), tstring_len(x->data) };
    return NULL;
}

static struct status *regex_shape(struct shape_ctx *c)
{
    for (int i = 1; i < c->n_in; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    return shape_unchanged(c);
}

/* ---- matching ---- */

static struct status *match_all(struct kernel *k, struct pattern *p)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_BOOL, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        TRY(search(p, (const struct tstring *)x->data + i, 0));
        ((bool *)kernel_out(k, 0)->data)[i] = p->groups > 0;
    }
    return NULL;
}

static struct status *full_match(struct kernel *k)
{
    const struct regex *r = k->state;
    struct text text = r->pattern;
    struct pattern p;
    if (!r->is_static)
        TRY(text_in(k, 1, "Pattern", &text));
    struct status *st = pattern_new(&p, text, true);
    if (!st)
        st = match_all(k, &p);
    pattern_free(&p);
    return st;
}

/* ---- replacing ---- */

/* \0 to \9 stand for what the groups matched, \\ for a backslash. */
static struct status *rewrite(const struct pattern *p, struct text by, const char *s,
                              struct str *to)
{
    for (size_t i = 0; i < by.n; i++) {
        bool escaped = by.s[i] == '\\';
        char c = escaped ? by.s[++i] : by.s[i];                 /* a NUL follows the last one */
        int group = escaped && isdigit((unsigned char)c) ? c - '0' : -1;
        ENSURE(!escaped || group >= 0 || c == '\\', "Invalid rewrite: %.200s", by.s);
        if (group < 0)
            str_add(to, &c, 1);
        else if (group < p->groups && p->at[2 * group] != PCRE2_UNSET)
            str_add(to, s + p->at[2 * group], p->at[2 * group + 1] - p->at[2 * group]);
    }
    return NULL;
}

/* RE2: a match of nothing counts, but not right behind another match. */
static struct status *replace_in(struct pattern *p, const struct regex *r, struct text by,
                                 const struct tstring *x, struct str *to)
{
    const char *s = tstring_data(x);
    size_t done = 0, from = 0, last = (size_t)-1;
    while (from <= tstring_len(x)) {
        TRY(search(p, x, from));
        if (!p->groups)
            break;
        size_t begin = p->at[0], end = p->at[1];
        if (end > begin || begin != last) {
            str_add(to, s + done, begin - done);
            TRY(rewrite(p, by, s, to));
            done = last = end;
            if (!r->all)
                break;
        }
        from = end > from || end > begin ? end : from + 1;
        while (end == begin && from == end && from <= tstring_len(x))
            from++;
    }
    str_add(to, s + done, tstring_len(x) - done);
    return to->failed ? status_no_memory() : NULL;
}

static struct status *replace_all(struct kernel *k, struct pattern *p, struct text by,
                                  struct str *s)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++) {
        s->n = 0;
        TRY(replace_in(p, k->state, by, (const struct tstring *)x->data + i, s));
        if (!tstring_set((struct tstring *)kernel_out(k, 0)->data + i, str_text(s), s->n))
            return status_no_memory();
    }
    return NULL;
}

static struct status *replace(struct kernel *k)
{
    const struct regex *r = k->state;
    struct text text = r->pattern, by = r->rewrite;
    struct pattern p;
    struct str s = { 0 };
    if (!r->is_static) {
        TRY(text_in(k, 1, "Pattern", &text));
        TRY(text_in(k, 2, "Rewrite", &by));
    }
    struct status *st = pattern_new(&p, text, false);
    if (!st)
        st = replace_all(k, &p, by, &s);
    pattern_free(&p);
    str_free(&s);
    return st;
}

const struct op ops_regex[] = {
    { .name = "RegexFullMatch",
      .note = "Expressions are PCRE2's; what RE2 understands too means the same.",
      .inputs = "input: string, pattern: string",
      .outputs = "output: bool", .doc = "Which strings a pattern matches from end to end.",
      .shape = regex_shape, .grad = NO_GRADIENT, .prepare = regex_prepare,
      .kernel_any = full_match },
    { .name = "StaticRegexFullMatch", .inputs = "input: string", .outputs = "output: bool",
      .attrs = "pattern: string", .doc = "Which strings a pattern matches from end to end.",
      .shape = regex_shape, .grad = NO_GRADIENT, .prepare = regex_prepare,
      .kernel_any = full_match },
    { .name = "RegexReplace",
      .note = "Expressions are PCRE2's; what RE2 understands too means the same.",
      .inputs = "input: string, pattern: string, rewrite: string",
      .outputs = "output: string", .attrs = "replace_global: bool = true",
      .doc = "Strings with what a pattern matches rewritten.", .shape = regex_shape,
      .grad = NO_GRADIENT, .prepare = regex_prepare, .kernel_any = replace },
    { .name = "StaticRegexReplace", .inputs = "input: string", .outputs = "output: string",
      .attrs = "pattern: string; rewrite: string; replace_global: bool = true",
      .doc = "Strings with what a pattern matches rewritten.", .shape = regex_shape,
      .grad = NO_GRADIENT, .prepare = regex_prepare, .kernel_any = replace },
    { 0 }
};
