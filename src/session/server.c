/* server.c - targets: the direct one, and servers whose variables their sessions share. */
#include "session/inside.h"
#include "base/mem.h"

#include <stdio.h>

struct home {
    struct resources *resources;        /* NULL: each session has its own */
    struct session *first;
    char target[32];
    int refs;                           /* the user's and the sessions' */
    struct home *next;
};

struct server { struct home home; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;        /* of all homes and their lists */
static struct home direct = { .refs = 1 };
static int servers_made;

static struct home *find_home(const char *target)
{
    if (!target || !*target)
        return &direct;
    struct home *h = direct.next;
    while (h && strcmp(h->target, target))
        h = h->next;
    return h;
}

static struct status *no_target(const char *target)
{
    return status_new(NOT_FOUND, "No session factory registered for the given session options: "
                      "{target: \"%s\"}: there is no server of that name in this process", target);
}

static void unref_home(struct home *h)
{
    if (--h->refs == 0) {
        if (h->resources)
            resources_reset(h->resources, NULL);        /* as at a session's end */
        resources_unref(h->resources);
        mem_free(h);
    }
}

/* ---- sessions come and go ---- */

struct status *home_enter(struct session *s, const char *target, bool isolate)
{
    pthread_mutex_lock(&lock);
    struct home *h = find_home(target);
    if (h) {
        bool own = isolate || !h->resources;
        s->resources = own ? resources_new() : resources_over(h->resources);
    }
    if (s->resources) {
        s->home = h;
        h->refs++;
        s->next = h->first;
        s->link = &h->first;
        if (s->next)
            s->next->link = &s->next;
        h->first = s;
    }
    pthread_mutex_unlock(&lock);
    if (!h)
        return no_target(target);
    NEED(s->resources);
    return NULL;
}

void home_leave(struct session *s)
{
    if (!s->home)
        return;
    pthread_mutex_lock(&lock);
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    unref_home(s->home);
    pthread_mutex_unlock(&lock);
}

/* ---- servers ---- */

struct status *server_new(struct server **result)
{
    struct server *s = mem_new(struct server);
    NEED(s);
    s->home.refs = 1;
    s->home.resources = resources_new();
    if (!s->home.resources) {
        mem_free(s);
        return status_no_memory();
    }
    pthread_mutex_lock(&lock);
    snprintf(s->home.target, sizeof s->home.target, "weft://%d", ++servers_made);
    s->home.next = direct.next;
    direct.next = &s->home;
    pthread_mutex_unlock(&lock);
    *result = s;
    return NULL;
}

const char *server_target(const struct server *s) { return s->home.target; }

/* ---- reset ---- */

/* References to the home's sessions, *n of them; NULL: no memory. Whoever frees one takes it off
 * the list first, so none of them is gone. */
static struct session **sessions_of(struct home *h, int *n)
{
    *n = 0;
    for (struct session *s = h->first; s; s = s->next)
        ++*n;
    struct session **list = mem_array(struct session *, *n);
    int i = 0;
    for (struct session *s = h->first; list && s; s = s->next)
        list[i++] = session_ref(s);
    return list;
}

static void end_all(struct session **list, int n, int state, const char *const *containers, int n_c)
{
    for (int i = 0; i < n; i++) {
        pthread_mutex_lock(&list[i]->lock);
        struct resources *r = list[i]->given_back ? NULL : resources_ref(list[i]->resources);
        pthread_mutex_unlock(&list[i]->lock);
        for (int c = 0; r && c < n_c; c++)
            resources_reset(r, containers[c]);
        resources_unref(r);
        session_end(list[i], state);
        session_unref(list[i]);
    }
    mem_free(list);
}

struct status *session_reset(const char *target, const char *const *containers, int n)
{
    static const char *const default_one[] = { DEFAULT_CONTAINER };
    int n_sessions = 0;
    struct session **list = NULL;
    struct resources *shared = NULL;
    pthread_mutex_lock(&lock);
    struct home *h = find_home(target);
    if (h)
        list = sessions_of(h, &n_sessions);
    if (list && h->resources)
        shared = resources_ref(h->resources);
    pthread_mutex_unlock(&lock);
    if (!h)
        return no_target(target);
    NEED(list);
    if (!n) {
        containers = default_one;
        n = 1;
    }
    end_all(list, n_sessions, shared ? RESET : CLOSED, containers, n);
    for (int c = 0; shared && c < n; c++)
        resources_reset(shared, containers[c]);
    resources_unref(shared);
    return NULL;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    int n = 0;
    pthread_mutex_lock(&lock);
    struct home **at = &direct.next;
    while (*at != &s->home)
        at = &(*at)->next;
    *at = s->home.next;
    struct session **list = sessions_of(&s->home, &n);
    pthread_mutex_unlock(&lock);
    if (list)
        end_all(list, n, RESET, NULL, 0);
    pthread_mutex_lock(&lock);
    unref_home(&s->home);
    pthread_mutex_unlock(&lock);
}
