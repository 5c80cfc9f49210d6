/* graphdef.c - weft.h: graphs as files. */
#include "api/api.h"
#include "base/mem.h"
#include "build/import.h"
#include "wire/graph.pb-c.h"
#include "wire/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline struct import *import_in(const struct weft_import *i) { return (struct import *)i; }

/* ---- out ---- */

struct weft_status *weft_graph_export(struct weft_graph *g, unsigned flags,
                                      struct weft_bytes *graph_def)
{
    return status_out(graph_export(graph_in(g), flags, &graph_def->data, &graph_def->size));
}

struct weft_status *weft_node_export(const struct weft_node *n, struct weft_bytes *node_def)
{
    return status_out(node_export(node_in(n), &node_def->data, &node_def->size));
}

/* ---- options and results ---- */

struct weft_import *weft_import_new(void) { return (struct weft_import *)import_new(); }
void weft_import_free(struct weft_import *i) { import_free(import_in(i)); }

void weft_import_prefix(struct weft_import *i, const char *prefix)
{
    import_set_text(import_in(i), &import_in(i)->prefix, prefix);
}

void weft_import_uniquify_prefix(struct weft_import *i, bool uniquify)
{
    import_in(i)->uniquify_prefix = uniquify;
}

void weft_import_uniquify_names(struct weft_import *i, bool uniquify)
{
    import_in(i)->uniquify_names = uniquify;
}

void weft_import_device(struct weft_import *i, const char *device)
{
    import_set_text(import_in(i), &import_in(i)->device, device);
}

void weft_import_map(struct weft_import *i, const char *name, struct weft_out out)
{
    import_map_to(import_in(i), name, out_in(out));
}

void weft_import_map_control(struct weft_import *i, const char *name, struct weft_node *node)
{
    import_map_control(import_in(i), name, node_in(node));
}

void weft_import_after(struct weft_import *i, struct weft_node *node)
{
    import_after(import_in(i), node_in(node));
}

void weft_import_return(struct weft_import *i, const char *name)
{
    import_return(import_in(i), name);
}

void weft_import_ops(struct weft_import *i, const void *op_list, size_t n)
{
    import_set_ops(import_in(i), op_list, n);
}

void weft_import_allow_unknown(struct weft_import *i, bool allow)
{
    import_in(i)->allow_unknown = allow;
}

struct weft_out weft_import_returned(const struct weft_import *i, int k)
{
    const struct import *im = import_in(i);
    bool there = im->returned && k >= 0 && k < im->n_wants;
    return out_out(there ? im->returned[k] : (struct out){ 0 });
}

int weft_import_unused(const struct weft_import *i) { return import_in(i)->n_unused; }

const char *weft_import_unused_key(const struct weft_import *i, int k)
{
    return k >= 0 && k < import_in(i)->n_unused ? import_in(i)->unused[k] : NULL;
}

/* ---- in ---- */

struct weft_status *weft_graph_import(struct weft_graph *g, struct weft_import *i,
                                      const void *graph_def, size_t n)
{
    struct graph *graph = build_graph(graph_in(g), NULL, 0);
    struct status *st = api_ready();
    if (!st && !graph)
        st = status_no_memory();
    return status_out(st ? st : build_import(graph, import_in(i), graph_def, n));
}

/* ---- files ---- */

static struct status *cannot_read(const char *path)
{
    enum code code = errno == ENOENT ? NOT_FOUND : errno == EACCES ? PERMISSION_DENIED : UNKNOWN;
    return status_new(code, "%s: %s", path, strerror(errno));
}

static struct status *read_descriptor(int fd, const char *path, char **bytes, size_t *n)
{
    struct stat about;
    if (fstat(fd, &about))
        return cannot_read(path);
    ENSURE(S_ISREG(about.st_mode), "%s: not a file", path);
    ENSURE((uint64_t)about.st_size <= WIRE_MOST, "%s: GraphDef cannot be larger than 2GB.", path);
    size_t size = (size_t)about.st_size;
    NEED(*bytes = mem_alloc(size + 1));
    for (*n = 0; *n < size;) {
        ssize_t got = read(fd, *bytes + *n, size - *n);
        if (got < 0 && errno != EINTR)
            return cannot_read(path);
        if (!got)
            break;
        *n += got > 0 ? (size_t)got : 0;
    }
    (*bytes)[*n] = 0;
    return NULL;
}

static struct status *read_file(const char *path, char **bytes, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot_read(path);
    struct status *st = read_descriptor(fd, path, bytes, n);
    close(fd);
    return st;
}

/* A GraphDef's bytes have the keys of fields near their beginning, which are no text. */
static bool looks_like_text(const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && i < 512 && ((unsigned char)bytes[i] >= ' ' || strchr("\t\n\r", bytes[i])) &&
           bytes[i])
        i++;
    return n && (i == n || i == 512);
}

/* Text becomes the bytes of the message first. */
static struct status *text_to_binary(char **bytes, size_t *n)
{
    struct arena a = { 0 };
    ProtobufCMessage *m;
    void *binary = NULL;
    struct status *st = text_read(&a, &wire__graph_def__descriptor, *bytes, *n, &m);
    if (!st)
        st = wire_encode(m, &binary, n);
    arena_free(&a);
    if (!st) {
        mem_free(*bytes);
        *bytes = binary;
    }
    return st;
}

static struct status *import_file(struct graph *g, struct import *im, const char *path)
{
    char *bytes = NULL;
    size_t n = 0;
    struct status *st = read_file(path, &bytes, &n);
    if (!st && looks_like_text(bytes, n))
        st = status_prefix(text_to_binary(&bytes, &n), "%s:", path);
    if (!st)
        st = status_prefix(build_import(g, im, bytes, n), "%s: ", path);
    mem_free(bytes);
    return st;
}

struct weft_status *weft_graph_import_file(struct weft_graph *g, struct weft_import *i,
                                           const char *path)
{
    struct graph *graph = build_graph(graph_in(g), NULL, 0);
    struct status *st = api_ready();
    if (!st && !graph)
        st = status_no_memory();
    return status_out(st ? st : import_file(graph, import_in(i), path));
}
