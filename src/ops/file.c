/* file.c - whole files: ReadFile, WriteFile, MatchingFiles, ImmutableConst. A file may change
 * between two runs, so none of these is ever computed ahead of one. */
#include "base/mem.h"
#include "graph/graph.h"
#include "io/file.h"
#include "io/stream.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct status *string_in(struct kernel *k, int i, const char *name, const struct tstring **s)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 0, "Input %s tensor must be scalar, but had shape: %s", name,
           SHAPE_STR(&t->shape));
    *s = t->data;
    return NULL;
}

/* ---- ReadFile ---- */

static struct status *scalars_shape(struct shape_ctx *c)
{
    for (int i = 0; i < c->n_in; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    return shape_scalar(c);
}

static struct status *read_all(int fd, const char *path, char *to, size_t n, size_t *got)
{
    for (*got = 0; *got < n;) {
        ssize_t more = read(fd, to + *got, n - *got);
        if (more < 0)
            return file_error(path);
        if (!more)
            return NULL;
        *got += (size_t)more;
    }
    return NULL;
}

/* The size is only where to begin: pipes say 0, and files grow. */
static struct status *read_open(struct kernel *k, int fd, const char *path, struct tstring *to)
{
    struct stat st;
    char *room;
    size_t got;
    if (fstat(fd, &st))
        return file_error(path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return file_error(path);
    }
    TRY(kernel_temp(k, (size_t)st.st_size + 1, &room));
    TRY(read_all(fd, path, room, (size_t)st.st_size, &got));
    return tstring_set(to, room, got) ? NULL : status_no_memory();
}

static struct status *read_file(struct kernel *k)
{
    const struct tstring *name;
    TRY(string_in(k, 0, "filename", &name));
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    int fd = open(tstring_data(name), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_error(tstring_data(name));
    struct status *st = read_open(k, fd, tstring_data(name), kernel_out(k, 0)->data);
    close(fd);
    return st;
}

/* ---- WriteFile ---- */

/* Every folder of the path that is not there yet. */
static struct status *make_folders(char *path)
{
    for (char *p = strchr(path + (*path == '/'), '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        int failed = mkdir(path, 0777) && errno != EEXIST;
        struct status *st = failed ? file_error(path) : NULL;
        *p = '/';
        TRY(st);
    }
    return NULL;
}

static struct status *write_file(struct kernel *k)
{
    const struct tstring *name, *contents;
    char *path;
    TRY(string_in(k, 0, "filename", &name));
    TRY(string_in(k, 1, "contents", &contents));
    TRY(kernel_temp(k, tstring_len(name) + 2, &path));
    memcpy(path, tstring_data(name), tstring_len(name) + 1);
    TRY(make_folders(path));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return file_error(path);
    struct sink s;
    TRY(sink_open(&s, fd, path, PLAIN));
    struct status *st = sink_write(&s, tstring_data(contents), tstring_len(contents));
    struct status *closed = sink_close(&s);
    if (!st)
        return closed;
    status_free(closed);
    return st;
}

/* ---- MatchingFiles ---- */

static struct status *matching_shape(struct shape_ctx *c)
{
    ENSURE(shape_in(c, 0)->rank <= 1, "Shape must be at most rank 1 but is rank %d",
           shape_in(c, 0)->rank);
    *shape_out(c, 0) = SHAPE(-1);
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct status *put_paths(struct kernel *k, const glob_t *g)
{
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE((int64_t)g->gl_pathc)));
    struct tstring *to = kernel_out(k, 0)->data;
    for (size_t i = 0; i < g->gl_pathc; i++)
        if (!tstring_set(to + i, g->gl_pathv[i], strlen(g->gl_pathv[i])))
            return status_no_memory();
    return NULL;
}

static struct status *matching_files(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct tstring *s = x->data;
    glob_t g = { 0 };
    int failed = 0;
    ENSURE(x->shape.rank <= 1, "Input patterns tensor must be scalar or vector, but had shape: %s",
           SHAPE_STR(&x->shape));
    for (int64_t i = 0; i < tensor_count(x) && failed != GLOB_NOSPACE; i++)
        failed = glob(tstring_data(s + i), GLOB_NOSORT | (g.gl_pathv ? GLOB_APPEND : 0), NULL, &g);
    if (g.gl_pathc)
        qsort(g.gl_pathv, g.gl_pathc, sizeof *g.gl_pathv, by_name);
    struct status *st = failed == GLOB_NOSPACE ? status_no_memory() : put_paths(k, &g);
    globfree(&g);
    return st;
}

/* ---- ImmutableConst ---- */

/* The file is held against the size before there is memory for it. */
static struct status *immutable(struct kernel *k)
{
    const struct shape *s = node_attr_shape(k->node, "shape");
    enum dtype t = node_attr_type(k->node, "dtype");
    struct file_in f = { 0 };
    int64_t bytes;
    ENSURE(shape_is_known(s), "ImmutableConst needs a shape that is known, got %s", SHAPE_STR(s));
    TRY(file_open(&f, node_attr_string(k->node, "memory_region_name")));
    struct status *st = NULL;
    if (__builtin_mul_overflow(shape_count(s), (int64_t)dtype_size(t), &bytes) ||
        (uint64_t)bytes > f.size)
        st = status_new(INVALID_ARGUMENT, "%s has %llu bytes, a tensor of shape %s has more",
                        f.path, (unsigned long long)f.size, SHAPE_STR(s));
    if (!st)
        st = kernel_new(k, 0, t, s);
    if (!st)
        st = bytes ? file_get(&f, 0, kernel_out(k, 0)->data, (size_t)bytes) : NULL;
    file_close(&f);
    return st;
}

static struct status *immutable_prepare(struct prep *p)
{
    enum dtype t = node_attr_type(p->node, "dtype");
    if (dtype_owns(t))
        return status_new(UNIMPLEMENTED, "Sorry, %s is not currently supported for "
                          "ImmutableConstOp.", dtype_name(t));
    return NULL;
}

const struct op ops_file[] = {
    { .name = "ReadFile", .inputs = "filename: string", .outputs = "contents: string",
      .doc = "The bytes of a file.", .shape = scalars_shape, .grad = NO_GRADIENT,
      .kernel_any = read_file, .flags = OP_HOST },
    { .name = "WriteFile", .inputs = "filename: string, contents: string",
      .doc = "Writes a file, and makes the folders that it needs.", .shape = scalars_shape,
      .grad = NO_GRADIENT, .kernel_any = write_file, .flags = OP_HOST },
    { .name = "MatchingFiles", .inputs = "pattern: string", .outputs = "filenames: string",
      .doc = "The paths that match any of the patterns, sorted.", .shape = matching_shape,
      .grad = NO_GRADIENT, .kernel_any = matching_files, .flags = OP_HOST },
    { .name = "ImmutableConst", .outputs = "tensor: dtype",
      .attrs = "dtype: type; shape: shape; memory_region_name: string",
      .doc = "A tensor whose elements lie in a file.", .shape = shape_attr, .grad = NO_GRADIENT,
      .prepare = immutable_prepare, .kernel_any = immutable, .flags = OP_HOST },
    { 0 }
};
