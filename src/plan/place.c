/* place.c - which device a node asks for, and whether there is one. The CPU is the only one. */
#include "plan/plan.h"
#include "op/callee.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct spec { bool local, cpu, malformed; long id; };

static bool part_is(const char *part, size_t n, const char *key, const char **value)
{
    size_t k = strlen(key);
    *value = part + k;
    return n > k && strncasecmp(part, key, k) == 0;
}

static void read_id(struct spec *s, const char *text, size_t n)
{
    char *end;
    if (n == 1 && *text == '*')
        return;
    s->id = strtol(text, &end, 10);
    s->malformed |= end != text + n || n == 0 || !isdigit((unsigned char)*text);
}

/* "CPU:0", "CPU:*", "CPU", "GPU:1" */
static void read_device(struct spec *s, const char *text, size_t n)
{
    const char *colon = memchr(text, ':', n);
    size_t type = colon ? (size_t)(colon - text) : n;
    s->cpu = (type == 3 && strncasecmp(text, "CPU", 3) == 0) || (type == 1 && *text == '*');
    if (colon)
        read_id(s, colon + 1, n - type - 1);
}

static void read_part(struct spec *s, const char *part, size_t n)
{
    const char *value;
    if (part_is(part, n, "job:", &value))
        s->local &= (size_t)(part + n - value) == 9 && strncmp(value, "localhost", 9) == 0;
    else if (part_is(part, n, "replica:", &value) || part_is(part, n, "task:", &value))
        s->local &= part + n - value == 1 && (*value == '0' || *value == '*');
    else if (part_is(part, n, "device:", &value))
        read_device(s, value, (size_t)(part + n - value));
    else if (part_is(part, n, "cpu:", &value) || part_is(part, n, "gpu:", &value))
        read_device(s, part, n);                /* the legacy spelling */
    else
        s->malformed = true;
}

static struct spec spec_of(const char *device)
{
    struct spec s = { .local = true, .cpu = true, .malformed = *device != '/' };
    while (*device == '/' && !s.malformed) {
        size_t n = strcspn(++device, "/");
        read_part(&s, device, n);
        device += n;
    }
    return s;
}

/* "" is any. */
bool callee_device_is_here(const char *device)
{
    struct spec s = spec_of(device);
    return !*device || (!s.malformed && s.local && s.cpu && s.id == 0);
}

struct status *plan_place(const struct node *n, bool soft)
{
    if (!n->device || !*n->device)
        return NULL;
    struct spec s = spec_of(n->device);
    ENSURE(!s.malformed, "Malformed device specification '%s'", n->device);
    if (s.local && (soft || (s.cpu && s.id == 0)))
        return NULL;
    return status_new(INVALID_ARGUMENT, "Cannot assign a device for operation %s: Operation was "
                      "explicitly assigned to %s but available devices are "
                      "[ /job:localhost/replica:0/task:0/device:CPU:0 ]. Make sure the device "
                      "specification refers to a valid device.", n->name, n->device);
}
