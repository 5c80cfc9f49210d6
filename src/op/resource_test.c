/* resource_test.c - resources and variables: found by name, counted, emptied while others hold
 * them, shared by threads; nothing leaks, whichever allocation fails. */
#include "op/resource.h"
#include "op/variable.h"
#include "base/mem.h"
#include "test/expect.h"

#include <string.h>

enum { THREADS = 4, ROUNDS = 500, ELEMENTS = 64 };

static const struct resource_kind QUEUE = { "queue", sizeof(struct resource), NULL, NULL, NULL };

static struct variable *variable_of(struct resources *m, const char *container, const char *name)
{
    struct variable *v;
    ok(variable_get(m, container, name, DT_FLOAT, &v));
    return v;
}

/* So many elements, all alike. */
static struct tensor filled(float x, int n)
{
    struct tensor t;
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE(n)));
    for (int i = 0; i < n; i++)
        ((float *)t.data)[i] = x;
    return t;
}

static void give(struct variable *v, float x)
{
    variable_set(v, filled(x, ELEMENTS));
}

/* Its first element; all must be like it. */
static float value_of(struct variable *v)
{
    struct tensor t = variable_read(v);
    assert_non_null(t.buf);
    const float *x = t.data;
    float first = x[0];
    for (int i = 1; i < tensor_count(&t); i++)
        assert_true(x[i] == first);
    tensor_unref(&t);
    return first;
}

/* ---- finding ---- */

static void test_names(void **state)
{
    (void)state;
    ok(resource_check_names("", ""));
    ok(resource_check_names(NULL, NULL));
    ok(resource_check_names(".a-B/9.", "v_"));
    static const char *const bad[] = { "_a", "-a", "/a", "a b", "a_b", "a\n", "\xc3\xa4" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fails(resource_check_names(bad[i], ""), INVALID_ARGUMENT,
                "container contains invalid characters");
    fails(resource_check_names("", "_v"), INVALID_ARGUMENT,
            "shared_name cannot start with '_'");
}

static void test_finding(void **state)
{
    size_t before = mem_live();
    struct resources *m = resources_new();
    (void)state;
    struct variable *v = variable_of(m, "a", "v"), *same = variable_of(m, "a", "v");
    struct variable *elsewhere = variable_of(m, "b", "v");
    struct resource *other;
    ok(resources_get(m, &QUEUE, "a", "v", &other));
    assert_ptr_equal(v, same);
    assert_ptr_not_equal(v, elsewhere);
    assert_ptr_not_equal(&v->base, other);
    assert_string_equal(v->base.container, "a");
    assert_string_equal(v->base.name, "v");
    assert_ptr_equal(resources_find(m, &VARIABLE, "a", "v"), v);
    assert_null(resources_find(m, &VARIABLE, "a", "w"));
    for (int i = 0; i < 3; i++)
        resource_unref(&v->base);
    resource_unref(&elsewhere->base);
    resource_unref(other);
    struct variable *refused_one;
    fails(variable_get(m, "a", "v", DT_INT32, &refused_one), INVALID_ARGUMENT,
            "Expected float got int32");
    resources_unref(resources_ref(m));
    resources_unref(m);
    assert_int_equal(mem_live(), before);
}

/* ---- emptying what others hold ---- */

static void test_remove(void **state)
{
    size_t before = mem_live();
    struct resources *m = resources_new();
    (void)state;
    struct variable *v = variable_of(m, "a", "v"), *held = variable_of(m, "a", "v");
    give(v, 1);
    resources_remove(m, &v->base);
    assert_false(variable_is_initialized(v));
    resource_unref(&v->base);
    struct variable *later = variable_of(m, "a", "v");
    assert_ptr_equal(later, held);                  /* who held it and who comes now agree */
    give(held, 2);
    assert_true(value_of(later) == 2);
    resource_unref(&later->base);

    resources_remove(m, &held->base);               /* nobody else: it goes */
    assert_null(resources_find(m, &VARIABLE, "a", "v"));
    resource_unref(&held->base);
    resources_unref(m);
    assert_int_equal(mem_live(), before);
}

static void test_reset_while_bound(void **state)
{
    size_t before = mem_live();
    struct resources *m = resources_new();
    (void)state;
    struct variable *a = variable_of(m, "a", "v"), *b = variable_of(m, "b", "v");
    give(a, 1);
    give(b, 2);
    struct tensor read = variable_read(a);
    resources_reset(m, "a");
    assert_false(variable_is_initialized(a));
    assert_true(((float *)read.data)[0] == 1);      /* what was read stays */
    assert_true(value_of(b) == 2);
    give(a, 3);                                     /* nobody's now, but still usable */
    struct variable *again = variable_of(m, "a", "v");
    assert_ptr_not_equal(again, a);
    assert_false(variable_is_initialized(again));
    resources_reset(m, NULL);
    assert_false(variable_is_initialized(b));
    resources_unref(m);
    assert_true(value_of(a) == 3);                  /* outlives where it was found */
    tensor_unref(&read);
    resource_unref(&a->base);
    resource_unref(&b->base);
    resource_unref(&again->base);
    assert_int_equal(mem_live(), before);
}

static void test_end_empties(void **state)
{
    size_t before = mem_live();
    struct resources *m = resources_new();
    (void)state;
    struct variable *v = variable_of(m, "a", "v");
    give(v, 1);
    resources_unref(m);
    assert_false(variable_is_initialized(v));
    resource_unref(&v->base);
    assert_int_equal(mem_live(), before);
}

static void test_nameless(void **state)
{
    size_t before = mem_live();
    (void)state;
    struct variable *v = (struct variable *)resource_new(&VARIABLE);
    assert_null(v->base.name);
    give(v, 1);
    resource_unref(resource_ref(&v->base));
    resource_unref(&v->base);
    resource_unref(NULL);
    assert_int_equal(mem_live(), before);
}

/* ---- a variable's value ---- */

static void test_uninitialized(void **state)
{
    struct resources *m = resources_new();
    struct tensor *value;
    (void)state;
    struct variable *v = variable_of(m, DEFAULT_CONTAINER, "v");
    struct tensor t = variable_read(v);
    assert_null(t.buf);
    fails(variable_lock(v, NULL, "v", &value), FAILED_PRECONDITION,
            "Attempting to use uninitialized value v");
    variable_unlock(v);
    fails(variable_uninitialized(v, NULL), FAILED_PRECONDITION,
            "Error while reading resource variable v from Container: localhost. "
            "This could mean that the variable was uninitialized.");
    resource_unref(&v->base);
    resources_unref(m);
}

static void add(struct variable *v, float x)
{
    struct tensor *value;
    ok(variable_lock(v, NULL, "v", &value));
    for (int i = 0; i < tensor_count(value); i++)
        ((float *)value->data)[i] += x;
    variable_unlock(v);
}

/* In place when nobody looks, elsewhere when somebody does, never into a caller's own memory. */
static void test_writing(void **state)
{
    struct variable *v = (struct variable *)resource_new(&VARIABLE);
    (void)state;
    give(v, 1);
    void *place = v->value.data;
    add(v, 1);
    assert_ptr_equal(v->value.data, place);
    struct tensor read = variable_read(v);
    add(v, 1);
    assert_ptr_not_equal(v->value.data, place);
    assert_true(((float *)read.data)[0] == 2 && value_of(v) == 3);
    tensor_unref(&read);

    struct tensor given = filled(5, ELEMENTS);
    variable_assign(v, &given);
    add(v, 1);
    assert_true(((float *)given.data)[0] == 5 && value_of(v) == 6);
    tensor_unref(&given);
    resource_unref(&v->base);
}

static void released(void *ctx, void *data, size_t size)
{
    (void)data;
    *(size_t *)ctx += size;
}

static void test_foreign_memory(void **state)
{
    float own[ELEMENTS] = { 0 };
    size_t given_back = 0;
    struct variable *v = (struct variable *)resource_new(&VARIABLE);
    struct tensor t = { buffer_wrap(own, sizeof own, released, &given_back), own, DT_FLOAT,
                        SHAPE(ELEMENTS) };
    (void)state;
    variable_set(v, t);
    add(v, 1);
    assert_int_equal(given_back, sizeof own);
    assert_true(own[0] == 0 && value_of(v) == 1);
    resource_unref(&v->base);
}

/* ---- threads ---- */

struct shared { struct resources *m; struct variable *a, *b; };

static void *get_and_drop(void *ctx)
{
    struct shared *s = ctx;
    for (int i = 0; i < ROUNDS; i++) {
        char name[] = { (char)('a' + i % 7), 0 };
        struct variable *v = variable_of(s->m, "c", name);
        give(v, (float)i);
        struct tensor t = variable_read(v);     /* none where another thread removed it just now */
        tensor_unref(&t);
        if (i % 50 == 0)
            resources_remove(s->m, &v->base);
        resource_unref(&v->base);
    }
    return NULL;
}

static void *add_and_read(void *ctx)
{
    struct shared *s = ctx;
    float last = 0;
    for (int i = 0; i < ROUNDS; i++) {
        add(s->a, 1);
        float now = value_of(s->a);
        assert_true(now > last);
        last = now;
    }
    return NULL;
}

/* Each thread asks for them in another order, and for one of them twice. */
static void *lock_both(void *ctx)
{
    static atomic_int threads;
    struct shared *s = ctx;
    struct variable *v[] = { s->a, s->b, s->a };
    bool first = atomic_fetch_add(&threads, 1) & 1;
    for (int i = 0; i < ROUNDS; i++) {
        variables_lock(v + first, 3 - first);
        ok(variable_writable(s->a, NULL));
        ok(variable_writable(s->b, NULL));
        ((float *)s->a->value.data)[0]++;
        ((float *)s->b->value.data)[0]--;
        variables_unlock(v + first, 3 - first);
    }
    return NULL;
}

static void run_threads(void *(*fn)(void *), struct shared *s)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, fn, s), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

static void test_threads(void **state)
{
    size_t before = mem_live();
    struct shared s = { .m = resources_new() };
    (void)state;
    s.a = variable_of(s.m, "a", "v");
    s.b = variable_of(s.m, "b", "v");
    run_threads(get_and_drop, &s);
    give(s.a, 0);
    run_threads(add_and_read, &s);
    assert_true(value_of(s.a) == THREADS * ROUNDS);
    variable_set(s.a, filled(0, 1));
    variable_set(s.b, filled(0, 1));
    run_threads(lock_both, &s);
    assert_true(value_of(s.a) == THREADS * ROUNDS && value_of(s.b) == -THREADS * ROUNDS);
    resource_unref(&s.a->base);
    resource_unref(&s.b->base);
    resources_unref(s.m);
    assert_int_equal(mem_live(), before);
}

/* ---- no memory ---- */

static struct status *everything(void)
{
    struct resources *m = resources_new();
    NEED(m);
    struct variable *v = NULL;
    struct tensor *value, t = { 0 }, read = { 0 };
    struct status *st = variable_get(m, "a", "v", DT_FLOAT, &v);
    if (!st)
        st = tensor_new(&t, NULL, DT_FLOAT, &SHAPE(3));
    if (!st) {
        memset(t.data, 0, tensor_bytes(&t));
        variable_set(v, t);
        read = variable_read(v);
        st = variable_lock(v, NULL, "v", &value);
        variable_unlock(v);
    }
    tensor_unref(&read);
    resource_unref(v ? &v->base : NULL);
    resources_unref(m);
    return st;
}

static void test_no_memory(void **state)
{
    size_t before = mem_live();
    enum code code = RESOURCE_EXHAUSTED;
    (void)state;
    for (long n = 0; code == RESOURCE_EXHAUSTED; n++) {
        mem_fail_after(n, 0);
        struct status *st = everything();
        mem_fail_after(-1, 0);
        code = status_code(st);
        status_free(st);
        assert_int_equal(mem_live(), before);
    }
    assert_int_equal(code, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_reset_while_bound),
        cmocka_unit_test(test_end_empties),
        cmocka_unit_test(test_nameless),
        cmocka_unit_test(test_uninitialized),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_foreign_memory),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
