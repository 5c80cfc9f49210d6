/* files.c - loading graphs: files [PART OF A NAME]. Predicted before it was measured: a file of
 * 100 MB in 1.1x of reading it and copying it once, 10,000 nodes in 12 ms. */
#include "measure.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft.h>
#include <weft_ops.h>

enum { CONSTANTS = 10, FLOATS = 2500000, NODES = 10000, ROUNDS = 7 };
#define MEGABYTES (CONSTANTS * FLOATS * 4 / 1e6)

static double median_ms(void (*fn)(const void *), const void *ctx)
{
    double took[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_us();
        fn(ctx);
        took[i] = (now_us() - start) / 1e3;
        for (int k = i; k > 0 && took[k] < took[k - 1]; k--) {
            double t = took[k];
            took[k] = took[k - 1];
            took[k - 1] = t;
        }
    }
    return took[ROUNDS / 2];
}

/* ---- memory ---- */

static double peak_mb(void)
{
    char line[128];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmHWM:", 6))
            kb = atof(line + 6);
    if (f)
        fclose(f);
    return kb * 1024 / 1e6;
}

static void forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY);
    if (fd >= 0 && write(fd, "5", 1) != 1)
        perror("clear_refs");
    close(fd);
}

/* ---- a frozen graph of 100 MB ---- */

static void write_large(const char *path)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_bytes b;
    for (int i = 0; i < CONSTANTS; i++) {
        struct weft_tensor *t;
        weft_check(weft_tensor_new(WEFT_FLOAT, 1, (const int64_t[]){ FLOATS }, NULL, &t));
        for (int k = 0; k < FLOATS; k++)
            ((float *)weft_tensor_data(t))[k] = (float)(k + i);
        weft_const(g, t);
        weft_tensor_free(t);
    }
    weft_check(weft_graph_export(g, 0, &b));
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(b.data, 1, b.size, f) != b.size || fclose(f)) {
        perror(path);
        exit(1);
    }
    weft_bytes_free(&b);
    weft_graph_free(g);
}

static void load(const void *path)
{
    struct weft_graph *g = weft_graph_new();
    weft_check(weft_graph_import_file(g, NULL, path));
    weft_graph_free(g);
}

static void read_and_copy(const void *path)
{
    size_t n = (size_t)MEGABYTES * 1000000, got = 0;
    char *bytes = malloc(n), *copy = malloc(n);
    int fd = open(path, O_RDONLY);
    for (ssize_t k = 1; k > 0 && got < n; got += (size_t)k)
        if ((k = read(fd, bytes + got, n - got)) < 0)
            exit(1);
    memcpy(copy, bytes, n);
    __asm__ volatile("" : : "r"(copy) : "memory");
    close(fd);
    free(bytes);
    free(copy);
}

static void load_large(void)
{
    char path[] = P_tmpdir "/weft-bench-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        exit(1);
    close(fd);
    write_large(path);
    double load_ms = median_ms(load, path), floor_ms = median_ms(read_and_copy, path);
    row("l_load_100mb_graph_ms", 1, load_ms);
    printf("floor\tl_load_100mb_graph_ms\t1\t%.6g\n", floor_ms);
    malloc_trim(0);
    double before = resident_mb();
    forget_peak();
    struct weft_graph *g = weft_graph_new();
    weft_check(weft_graph_import_file(g, NULL, path));
    row("l_peak_of_loading_100mb_in_files", 1, (peak_mb() - before) / MEGABYTES);
    row("l_memory_of_100mb_graph_in_files", 1, (resident_mb() - before) / MEGABYTES);
    weft_graph_free(g);
    unlink(path);
}

/* ---- 10,000 nodes ---- */

static void import_bytes(const void *bytes)
{
    const struct weft_bytes *b = bytes;
    struct weft_graph *g = weft_graph_new();
    weft_check(weft_graph_import(g, NULL, b->data, b->size));
    weft_graph_free(g);
}

static void import_nodes(void)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_bytes b;
    struct weft_out x = weft_placeholder(g, WEFT_FLOAT), w = weft_placeholder(g, WEFT_FLOAT);
    for (int i = 0; i < NODES / 2; i++)
        x = weft_relu(g, weft_mat_mul(g, x, w));
    weft_check(weft_graph_export(g, 0, &b));
    row("l_import_10000_nodes_ms", 1, median_ms(import_bytes, &b));
    weft_bytes_free(&b);
    weft_graph_free(g);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    if (strstr("l_load_100mb", only))
        load_large();
    if (strstr("l_import_10000_nodes", only))
        import_nodes();
    return 0;
}
